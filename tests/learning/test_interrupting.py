"""`talkover-mock conformance --write-to`: whatever ends it, it leaves no webhook in the account, or names it."""

import signal
from collections.abc import Mapping
from typing import Any

import pytest

from talkover_mock.base.ending import ending_signals
from talkover_mock.cli import conformance as command
from talkover_mock.dialect.behaviours import Ask, conformance
from talkover_mock.learning.asking import AskedServer, CannotRun, Reply
from tests.learning.test_agreeing import asked, live
from tests.support.documented import AGENT, WEBHOOK
from tests.support.fixture_documents import hook
from tests.support.rows import each_row

NAME = "talkover-mock conformance"


def creates(asked: Ask) -> bool:
    return asked.method == "POST" and asked.path.endswith("/webhooks")


def interrupted(number: signal.Signals, after: int) -> type[AskedServer]:
    """A server in whose asker a signal comes just when webhook number `after` is made."""

    class Interrupted(AskedServer):
        created = 0

        def ask(self, asked: Ask, ids: Mapping[str, str], **given: Any) -> Reply:
            came = super().ask(asked, ids, **given)
            self.created += creates(asked) and came.status == 200
            if creates(asked) and self.created == after:
                signal.raise_signal(number)
            return came

    return Interrupted


@pytest.mark.slow
@pytest.mark.parametrize("number", ending_signals())
@pytest.mark.parametrize("after", [1, 2])
def test_a_signal_leaves_no_webhook(number: signal.Signals, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "AskedServer", interrupted(number, after))
    before = signal.getsignal(number)
    with live() as mock:
        done = asked(mock, "--write-to", AGENT)
        [agent] = mock.state()["agents"]
        created = mock.requests(method="POST", status=200)
    assert (done.exit_code, done.stderr) == (2, "Error: interrupted\n")
    assert [webhook["id"] for webhook in agent["webhooks"]] == [WEBHOOK]
    assert len(created) >= after
    assert signal.getsignal(number) == before


def forgetful(answer: Reply | None, after: int, *, goes: bool = False) -> type[AskedServer]:
    """A server whose answer to the creation of webhook number `after` is another one; None never comes.

    If it `goes`, it is not there any more to list what was created.
    """

    class Forgetful(AskedServer):
        created = 0

        def ask(self, asked: Ask, ids: Mapping[str, str], **given: Any) -> Reply:
            if goes and self.created and asked.method == "GET":
                raise CannotRun("it has gone")
            came = super().ask(asked, ids, **given)
            self.created += creates(asked) and came.status == 200
            if not creates(asked) or self.created != after:
                return came
            if answer is None:
                raise CannotRun("it can't be asked")
            return answer

    return Forgetful


@pytest.mark.slow
@each_row("after", [1, 2])
@each_row("answer", [None, Reply(200, {}, "<html>"), Reply(201, {}, '{"webhook": {"id": "w"}}'), Reply(504, {}, "")])
def test_a_webhook_of_which_no_id_came_is_found_by_its_name(
    answer: Reply | None, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "AskedServer", forgetful(answer, after))
    with live() as mock:
        mine = hook(id="mine", name=NAME, webhook_url="https://mine.example/")
        mock.merge_state({"agents": [{"id": AGENT, "webhooks": [mine]}]})
        done = asked(mock, "--write-to", AGENT)
        [agent] = mock.state()["agents"]
    assert {webhook["id"] for webhook in agent["webhooks"]} == {WEBHOOK, "mine"}
    assert "look in the account" not in done.stderr


@pytest.mark.slow
def test_a_webhook_that_may_have_been_made_and_cannot_be_found_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "AskedServer", forgetful(Reply(201, {}, "{}"), 1, goes=True))
    with live() as mock:
        done = asked(mock, "--write-to", AGENT)
    assert done.exit_code == 2
    assert done.stderr == (
        f"Error: no webhook can be made at agent {AGENT}: the answer is 201 without the id of one; "
        f"look in the account for webhooks named {NAME}, and delete them by hand\n"
    )


def test_an_interrupted_pause_ends_at_once() -> None:
    with live() as mock:
        mock.add_fault("rate_limited", headers={"Retry-After": "300"})
        server = AskedServer(mock.url, "", lambda _: server.stop())
        server.is_writing = True
        with pytest.raises(KeyboardInterrupt):
            server.read("/agents")
        server.close()


@pytest.mark.slow
def test_a_webhook_that_cannot_be_deleted_is_named() -> None:
    with live() as mock:
        mock.add_fault(match={"method": "DELETE"}, respond={"status": 500, "body": {}})
        done = asked(mock, "--write-to", AGENT)
        [agent] = mock.state()["agents"]
    left = [f"/agents/{AGENT}/webhooks/{each['id']}" for each in agent["webhooks"] if each["id"] != WEBHOOK]
    assert done.exit_code == 2
    assert left
    assert done.stderr.startswith("Error: the probes have ended; left in the account: ")
    for path in left:
        assert path in done.stderr


def test_every_webhook_that_a_probe_makes_has_the_same_name() -> None:
    bodies = [
        each.body for row in conformance().behaviours for probe in row.probes for each in (*probe.first, probe.ask)
    ]
    named = [body for body in bodies if "conformance.invalid/" in body and "events" in body]
    assert len(named) > 2
    assert [body for body in named if NAME not in body.replace("+", " ")] == []
