"""`talkover-mock conformance --out`: who differs, and the settings that make the mock agree."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from talkover_mock.client import MockServer
from talkover_mock.dialect.behaviours import conformance
from talkover_mock.dialect.settings import SETTING_FIELDS
from talkover_mock.learning.agreeing import setting_of, who_differs
from talkover_mock.learning.asking import Reply
from talkover_mock.learning.probing import Result
from talkover_mock.loading.files import load
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.local import serving
from tests.doors.test_cli import run
from tests.support.documented import AGENT, UNKNOWN, WEBHOOK
from tests.support.fixture_documents import hook, source
from tests.support.rows import each_row

PROBES = [Result(each, probe, ()) for each in conformance().behaviours for probe in each.probes]
TOKEN = "talq_of_the_account"
MOST = 100_000
"""Calls a minute that no test makes."""


@contextmanager
def live(**settings: Any) -> Iterator[MockServer]:
    agent = {"id": AGENT, "name": "A", "webhooks": [hook(id=WEBHOOK)]}
    document = {"tokens": [TOKEN], "agents": [agent], "settings": settings}
    with serving(read_fixture([source(document)])) as local:
        yield local.client


def asked(mock: MockServer, *options: str) -> Any:
    return run("conformance", "--url", mock.url, "--token", TOKEN, *options)


def probed(text: str, came: Reply | None = None, **given: Any) -> Result:
    """The first probe of the behaviour that begins so."""
    result = next(result for result in PROBES if result.behaviour.text.startswith(text))
    return result._replace(came=came, **given)


def without_ids(printed: str) -> list[str]:
    """The lines, without that of the webhook that is made, whose id is another one each time."""
    return [line for line in printed.splitlines() if not line.startswith("webhook ")]


@each_row(
    ("text", "given", "words"),
    [
        ("Toggle flips", {}, "live differs: the page and the mock agree"),
        ("Create answers 200", {}, "live differs: the page's sample and the mock agree"),
        ("Another scheme", {}, "mock and live differ: no page says which is right"),
        ("A malformed id", {}, "mock and live differ: no page says which is right"),
        ("Bodies are compact", {"fits_page": True}, "the mock differs: live is as a page shows it"),
    ],
)
def test_who_differs(text: str, given: dict[str, Any], words: str) -> None:
    assert who_differs(probed(text, **given)).startswith(words)


@each_row(
    ("text", "came", "setting"),
    [
        ("Create answers 200", Reply(201, {}, "{}"), ("create_status", 201)),
        ("Create answers 200", Reply(200, {}, "{}"), None),
        ("Create answers 200", Reply(202, {}, "{}"), None),
        ("Create answers 200", Reply(422, {}, "{}"), None),
        ("The test sends", Reply(502, {}, '{"success": false}'), ("failed_test_status", 502)),
        ("The test sends", Reply(502, {}, "no JSON"), None),
        ("The test sends", Reply(201, {}, '{"success": true}'), None),
        ("Toggle flips", Reply(201, {}, "{}"), None),
    ],
)
def test_the_setting_that_takes_the_status_that_came(text: str, came: Reply, setting: tuple[str, int] | None) -> None:
    assert setting_of(probed(text, came)) == setting


def test_every_setting_that_a_probe_teaches_is_one() -> None:
    taught = {each.probe.teaches for each in PROBES if each.probe.teaches}
    assert taught <= {field.name for field in SETTING_FIELDS}
    assert taught == {"create_status", "failed_test_status"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "learned"),
    [
        ({"plan": "professional"}, {"plan": "professional"}),
        ({"rate_limit": MOST}, {"rate_limit": MOST}),
        ({"plan": "professional", "create_status": 201}, {"plan": "professional", "create_status": 201}),
        ({}, {}),
    ],
)
def test_the_settings_are_written_where_they_make_a_difference(
    settings: dict[str, Any], learned: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "learned.yaml"
    with live(**settings) as mock:
        done = asked(mock, "--write-to", AGENT, "--out", str(file))
    assert done.exit_code == ("create_status" in learned)
    for name, value in learned.items():
        assert f"setting: {name}: {value} makes the mock agree" in done.stdout
    assert TOKEN not in done.output
    if learned:
        assert load([file])["default"].baseline.settings.overrides() == learned
        with live(**load([file])["default"].baseline.settings.overrides()) as mock:
            again = asked(mock, "--write-to", AGENT)
        assert without_ids(again.stdout) == without_ids(done.stdout)
    else:
        assert f"no setting would make a difference: {file} is not written" in done.stderr
        assert not file.exists()


@pytest.mark.slow
def test_a_second_run_removes_what_no_longer_differs(tmp_path: Path) -> None:
    file = tmp_path / "learned.yaml"
    with live(plan="professional", create_status=201) as mock:
        asked(mock, "--write-to", AGENT, "--out", str(file))
    assert {*load([file])["default"].baseline.settings.overrides()} == {"create_status", "plan"}
    with live(rate_limit=MOST) as mock:
        asked(mock, "--out", str(file))
    assert load([file])["default"].baseline.settings.overrides() == {"create_status": 201, "rate_limit": MOST}
    with live() as mock:
        done = asked(mock, "--write-to", AGENT, "--out", str(file))
    assert load([file])["default"].baseline.settings.overrides() == {}
    assert done.exit_code == 0


@pytest.mark.slow
def test_a_limit_that_refuses_is_learned() -> None:
    with live() as mock:
        mock.add_fault("rate_limited", match={"path": "*/campaigns"}, times=1, headers={"Retry-After": "0"})
        done = asked(mock)
    assert done.exit_code == 0
    assert "setting: enforce_rate_limit: true makes the mock agree" in done.stdout


@pytest.mark.slow
def test_an_answer_that_follows_another_page_than_the_mock_does() -> None:
    with live(rate_limit=MOST) as mock:
        body = {"error": "UNAUTHORIZED", "message": "Invalid or missing authentication token", "status_code": 401}
        mock.add_fault(match={"path": "*/toggle"}, respond={"status": 401, "body": body})
        done = asked(mock, "--write-to", AGENT)
    [line] = [each for each in done.stdout.splitlines() if each.startswith("  the mock differs")]
    assert line == "  the mock differs: live is as a page shows it that the mock does not follow"


@pytest.mark.slow
def test_an_answer_that_repeats_the_token_does_not_tell_it() -> None:
    with live() as mock:
        body = {"success": False, "message": f"{'x' * 60} {TOKEN}"}
        mock.add_fault(match={"path": f"*/{UNKNOWN}/webhooks"}, respond={"status": 404, "body": body})
        done = asked(mock)
    assert done.exit_code == 1
    assert TOKEN[:8] not in done.output


@pytest.mark.slow
def test_texts_that_come_are_told_without_what_is_secret() -> None:
    with live() as mock:
        body = {"success": False, "message": f"no agent of +4930123456 and {TOKEN}"}
        mock.add_fault(match={"path": f"*/{UNKNOWN}/webhooks"}, respond={"status": 404, "body": body})
        done = asked(mock)
    assert done.exit_code == 1
    assert 'came "no agent of +12025550100 and redacted' in done.stdout
    assert TOKEN not in done.output
