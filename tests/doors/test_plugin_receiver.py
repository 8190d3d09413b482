"""The fixture `webhook_receiver` of the pytest plugin, in runs of its own."""

import pytest

from talkover_mock.web.server import Server
from tests.doors.test_plugin import errors, run, run_alone
from tests.support.documented import AGENT, TOGGLE, WEBHOOK

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Where the runs happen, without the other plugins that happen to be installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    return pytester


STORY = f"""\
import requests

EVENT = "event_phone_call_started"

def test_a_toggled_webhook(talkover_mock, webhook_receiver):
    toggle = talkover_mock.url + {TOGGLE!r}
    talkover_mock.set_webhook({WEBHOOK!r}, webhook_url=webhook_receiver.url, enabled=True)
    for count, events in ((1, 1), (0, 1), (1, 2)):
        assert len(talkover_mock.emit({AGENT!r}, EVENT)) == count
        assert webhook_receiver.events == [EVENT] * events
        requests.patch(toggle, headers=talkover_mock.headers)

def test_another(talkover_mock, webhook_receiver):
    assert (webhook_receiver.requests, talkover_mock.deliveries()) == ([], [])
"""
"""A test that passes only where events really arrive, and one that passes only where nothing is left of it."""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_receiver_gets_what_the_environment_sends(workers: str, folder: pytest.Pytester) -> None:
    folder.makepyfile(STORY)
    run_alone(folder, "-p", "xdist", "-n", workers).assert_outcomes(passed=2)


def test_a_receiver_gets_what_a_running_server_sends(folder: pytest.Pytester, server: Server) -> None:
    folder.makepyfile(STORY)
    run(folder, "--talkover-mock-url", server.url).assert_outcomes(passed=2)


SIGNED = f"""\
import pytest

@pytest.mark.parametrize("scheme", ["hmac", "github", "stripe", "standard", "shopify"])
def test_signed(talkover_mock, webhook_receiver, scheme):
    talkover_mock.set_webhook({WEBHOOK!r}, webhook_url=webhook_receiver.url, webhook_secret="s", enabled=True)
    settings = {{"signature_scheme": scheme, "signature_header": "X-Mine"}}
    talkover_mock.merge_state({{"settings": settings}})
    talkover_mock.add_fault("bad_signature", on="deliveries", after=1)
    for genuine in (True, False):
        talkover_mock.emit({AGENT!r}, "event_phone_call_started")
        request = webhook_receiver.requests[-1]
        assert "x-mine" in request.headers
        assert request.is_signed_with("s") is genuine
        assert not request.is_signed_with("other")
"""


@pytest.mark.parametrize("where", ["its own", "running"])
def test_a_signature_is_verified_by_the_scheme_of_the_environment(
    where: str, folder: pytest.Pytester, server: Server
) -> None:
    folder.makepyfile(SIGNED)
    run(folder, *(["--talkover-mock-url", server.url] if where == "running" else [])).assert_outcomes(passed=5)


def test_a_receiver_alone_imports_no_server_and_no_client(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        """
        import sys

        def test_it(webhook_receiver):
            assert not {"flask", "requests", "httptools", "werkzeug", "yaml", "click"} & set(sys.modules)
            assert {name for name in sys.modules if name.startswith("talkover_mock")} == {
                "talkover_mock", "talkover_mock.pytest_plugin", "talkover_mock.base", "talkover_mock.base.real_time",
                "talkover_mock.pytest_hushing", "talkover_mock.pytest_importing", "talkover_mock.pytest_keeping",
                "talkover_mock.pytest_schedules", "talkover_mock.receiver", "talkover_mock.base.receiving",
                "talkover_mock.base.headers", "talkover_mock.base.addresses",
            }
        """
    )
    run_alone(folder).assert_outcomes(passed=1)


def test_a_receiver_that_is_kept_busy_holds_nobody_up(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        f"""
        from talkover_mock.receiver import Answer

        def test_it(talkover_mock, webhook_receiver):
            talkover_mock.set_webhook({WEBHOOK!r}, webhook_url=webhook_receiver.url, enabled=True)
            webhook_receiver.answer_always(Answer(delay_seconds=1800))
            talkover_mock.emit({AGENT!r}, "event_phone_call_started", wait=0)
            webhook_receiver.wait_for(1)
        """
    )
    run(folder).assert_outcomes(passed=1)


@pytest.mark.parametrize("order", ["talkover_mock, webhook_receiver", "webhook_receiver, talkover_mock"])
def test_a_crash_while_it_delivers_fails_the_test(order: str, folder: pytest.Pytester) -> None:
    folder.makepyfile(
        f"""
        from talkover_mock.deliveries.sender import Sending

        def test_crash(monkeypatch, {order}):
            monkeypatch.setattr(Sending, "run", lambda _: 1 / 0)
            talkover_mock.set_webhook({WEBHOOK!r}, webhook_url=webhook_receiver.url, enabled=True)
            talkover_mock.emit({AGENT!r}, "event_phone_call_started")
        """
    )
    result = run(folder)
    result.assert_outcomes(passed=1, errors=1)
    assert errors(result)[-1] == "ZeroDivisionError: division by zero"
