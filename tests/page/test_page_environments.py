"""The list of environments on the page: its order, its search, and the failed ones, which it can close."""

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.admin.page import content as content_module
from talkover_mock.admin.page import running as running_module
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import Fixture, read_fixture
from tests.support.fixture_documents import fixture, hook, source
from tests.support.page_document import PAGE, Document, Form, page, told
from tests.support.turns import every_turn

OF_THE_AGENT = {"owners": "agents", "owner_id": "agent", "webhook_id": "w"}


@pytest.fixture(autouse=True)
def twenty(world: World) -> World:
    """The world with 20 environments that were opened."""
    for number in range(20):
        world.open(world.default, f"test-{number}", title=f"test_it.py::test_{number}")
    return world


def names(*numbers: int) -> list[str]:
    return [f"test-{number}" for number in numbers]


def listed(shown: Document) -> list[str]:
    """The names of the environments, as they stand."""
    ids = [str(each["id"]) for each in shown.attributes("li") if (each.get("id") or "").startswith("environment-")]
    links = [f"{PAGE}?environment={id.removeprefix('environment-')}" for id in ids]
    assert set(links) <= set(shown.links())
    return [id.removeprefix("environment-") for id in ids]


def closing(shown: Document) -> dict[str, Form]:
    """The forms that close an environment, by its name."""
    return {form.fields["name"]: form for form in shown.forms if form.fields.get("action") == "close"}


def test_the_latest_come_after_the_current_one(http: FlaskClient) -> None:
    shown = page(http)
    assert listed(shown) == ["default", *names(*range(19, 8, -1))]
    assert "12 of 23 are shown; a search finds the others." in shown.text
    assert closing(shown) == {}
    assert listed(page(http, "test-0")) == names(0, *range(19, 8, -1))


def test_they_are_searched_by_name_and_title(http: FlaskClient) -> None:
    for text in ("TEST-1", "it.py::test_1"):
        found = page(http, environments=text)
        assert listed(found) == names(*range(19, 9, -1), 1)
        assert "a search finds the others" not in found.text


def test_those_of_failed_tests_come_before_the_others(http: FlaskClient, twenty: World) -> None:
    for name in names(3, 7, 1):
        twenty.mark(name, "failed")
    shown = page(http)
    assert listed(shown) == ["default", *names(7, 3, 1, *range(19, 11, -1))]
    assert shown.text.count("failed, kept") == 3
    assert [(form.button, name) for name, form in closing(shown).items()] == [
        (f"Close test_it.py::test_{number}", f"test-{number}") for number in (7, 3, 1)
    ]
    assert listed(page(http, environments="test-1")) == names(1, *range(19, 9, -1))
    assert listed(page(http, "test-3"))[:4] == names(3, 7, 1, 19)
    twenty.mark("test-7", "open")
    assert listed(page(http))[:4] == ["default", *names(3, 1, 19)]


def test_one_is_closed_and_the_page_stays(http: FlaskClient, twenty: World) -> None:
    for name in names(3, 7):
        twenty.mark(name, "failed")
    form = closing(page(http, "test-3", show="requests"))["test-7"]
    answer = http.post(form.action, data=form.fields)
    assert answer.headers["Location"].startswith(f"{PAGE}?environment=test-3&show=requests&said=")
    assert told(http, answer) == "Environment test-7 is closed."
    assert list(closing(page(http))) == ["test-3"]
    assert "test-7" not in twenty.environments


def test_who_closes_the_one_that_is_shown_gets_the_default_one(http: FlaskClient, twenty: World) -> None:
    twenty.mark("test-3", "failed")
    form = closing(page(http, "test-3", show="requests"))["test-3"]
    answer = http.post(form.action, data=form.fields)
    assert answer.headers["Location"].startswith(f"{PAGE}?environment=default&said=")
    assert told(http, answer) == "Environment test-3 is closed."


def test_one_that_is_gone_is_a_sentence(http: FlaskClient, twenty: World) -> None:
    twenty.mark("test-3", "failed")
    form = closing(page(http))["test-3"]
    twenty.close("test-3")
    said = told(http, http.post(form.action, data=form.fields))
    assert said.startswith(
        'DELETE /__admin/environments/test-3 was answered with 404: no environment is named "test-3"'
    )


def test_a_mark_is_a_new_version_of_every_page(http: FlaskClient) -> None:
    def version(environment: str) -> str:
        return http.get(PAGE, query_string={"environment": environment}).headers["ETag"]

    before = [version(name) for name in ("default", "test-3")]
    assert before == [version(name) for name in ("default", "test-3")]
    http.patch("/__admin/environments/test-3", json={"state": "failed"})
    after = [version(name) for name in ("default", "test-3")]
    assert all(old != new for old, new in zip(before, after, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("form", [None, {"action": "toggle", **OF_THE_AGENT}])
def test_the_page_is_shown_and_works_while_an_edit_takes_the_tokens(form: dict[str, str] | None) -> None:
    def called(*tokens: str) -> Fixture:
        return read_fixture([source({"tokens": tokens, **fixture(hook(id="w"))})])

    def ask(world: World) -> object:
        http = create_app(world, Guard()).test_client()
        return (http.post(PAGE, data=form) if form else http.get(PAGE)).status_code

    def take(world: World) -> object:
        return world.follow(called())

    turns = every_turn(lambda: World(called("talq_mine")), ask, take, running_module if form else content_module)
    for world, (status, _) in turns:
        assert (status, world.default.errors) == (303 if form else 200, [])
