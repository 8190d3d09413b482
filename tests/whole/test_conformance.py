"""conformance.yaml: the mock agrees with every probe, and every behaviour has its proof or says why there is none."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, get_args

import pytest
from flask import Flask

from talkover_mock.app import create_app
from talkover_mock.base.shapes.values import Basis
from talkover_mock.dialect.behaviours import ABSENT, conformance
from talkover_mock.dialect.settings import SETTING_FIELDS
from talkover_mock.dialect.shapes import differences, is_type
from talkover_mock.environments.world import World
from talkover_mock.learning.asking import AskedServer
from talkover_mock.learning.probing import look_around, run, scratch
from talkover_mock.loading.files import read_file
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.web.server import Server
from tests.conftest import FIXTURES, ROOT
from tests.support.documented import AGENT
from tests.support.fidelity_page import PAGE, page
from tests.support.fixture_documents import hook, source

BEHAVIOURS, SHAPES = conformance()
PROBES = [(behaviour, probe) for behaviour in BEHAVIOURS for probe in behaviour.probes]
STARTED = "campaign.started"
LOGGED = hook(logs=[{"event": "event_action"}, {"event": "event_action", "status": "failed"}])


@pytest.fixture
def app() -> Iterator[Flask]:
    """The shipped fixtures, for one token only and with a log, so that no probe is left out."""
    shipped = [read_file(path) for path in sorted(FIXTURES.glob("*.yaml"))]
    own = {"name": "C", "agent_id": AGENT, "webhooks": [hook(events=[STARTED], logs=[{"event": STARTED}])]}
    more = {"tokens": ["talq_test"], "agents": [{"name": "Logged", "webhooks": [LOGGED]}], "campaigns": [own]}
    world = World(read_fixture([*shipped, source(more)]))
    yield create_app(world)
    world.stop()


@pytest.mark.slow
def test_the_mock_agrees_with_every_probe(app: Flask, serve: Callable[[Flask], Server]) -> None:
    with closing(AskedServer(serve(app).url, "talq_test")) as server:
        found = look_around(server)
        results = list(run(server, conformance(), found.ids, found.kinds, writing=False))
        with scratch(server, AGENT) as ids:
            results += run(server, conformance(), ids, found.kinds, writing=True)
    wrong = [(each.probe.ask.path, [str(one) for one in each.differences]) for each in results if each.differences]
    assert wrong == []
    assert [each.left_out for each in results if each.left_out] == []
    assert sorted(map(id, (each.probe for each in results))) == sorted(id(probe) for _, probe in PROBES)


def test_every_behaviour_is_proven_or_says_why_it_is_not() -> None:
    assert [each.text for each in BEHAVIOURS if bool(each.probes) == bool(each.unproven)] == []
    assert len({each.text for each in BEHAVIOURS}) == len(BEHAVIOURS) > 80


def test_what_is_measured_names_the_versions_and_nothing_else_does() -> None:
    assert {each.basis for each in BEHAVIOURS} == {*get_args(Basis)}
    assert [each.text for each in BEHAVIOURS if (each.basis == "measured") != bool(each.versions)] == []


def test_every_setting_that_changes_answers_or_deliveries_overrides_a_behaviour() -> None:
    named = [each.setting for each in BEHAVIOURS if each.setting]
    assert sorted(named) == sorted(field.name for field in SETTING_FIELDS)


def test_the_tests_that_are_named_exist() -> None:
    text = (ROOT / "mockserver" / "talkover_mock" / "conformance.yaml").read_text()
    named = set(re.findall(r"tests/[a-z_/]+(?:\.py)?", text))
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert len(named) > 8


def types_in(shape: Any) -> Iterator[str]:
    if is_type(shape):
        yield from shape[1:-1].split("|")
    elif isinstance(shape, dict | list):
        for each in shape.values() if isinstance(shape, dict) else shape:
            yield from types_in(each)


def test_every_type_and_every_shape_that_is_named_exists() -> None:
    bodies = [probe.expected.body for _, probe in PROBES if probe.expected.body is not ABSENT]
    named = {each for shape in (*bodies, *SHAPES.values()) for each in types_in(shape)}
    for name in named:
        differences(f"<{name}>", None, SHAPES)  # a KeyError for an unknown one
    assert SHAPES.keys() - named == set()


def test_every_probe_compares_more_than_nothing_and_every_status_is_one() -> None:
    assert {probe.expected.status for _, probe in PROBES} == {200, 204, 400, 401, 404, 405, 422}
    assert {probe.needs for _, probe in PROBES} == {"", "closed", "log"}


def test_the_page_is_the_product_of_the_list() -> None:
    assert PAGE.read_text() == page(), "write it with `make products`"
