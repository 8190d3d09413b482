"""Calls that the page makes itself: told apart in the journal, and met by no fault and no rate limit."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.lines import line
from talkover_mock.environments.world import World
from talkover_mock.web.request import BY_PAGE
from tests.support.documented import TOGGLE, TOKEN
from tests.support.faulty import add_fault, counts, journal
from tests.support.stories import hook, world_of

BY = {BY_PAGE: True}
LIMIT = 2


@pytest.fixture
def world() -> Iterator[World]:
    world = world_of(hook("http://127.0.0.1:1"), settings={"rate_limit": LIMIT, "enforce_rate_limit": True})
    yield world
    world.stop()


def test_the_journal_says_who_made_a_call(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    http.patch(TOGGLE, headers=TOKEN, environ_overrides=BY)
    assert [each["by"] for each in journal(http)] == ["api", "page"]
    assert [each["number"] for each in journal(http, "by=page")] == [2]
    assert [each["number"] for each in journal(http, "by=api")] == [1]
    assert [line(each) for each in journal(http)] == [
        f"#1 PATCH {TOGGLE} -> 200",
        f"#2 PATCH {TOGGLE} by the page -> 200",
    ]


def test_no_fault_strikes_the_page_and_none_is_spent(http: FlaskClient) -> None:
    add_fault(http, preset="maintenance", times=1)
    assert http.patch(TOGGLE, headers=TOKEN, environ_overrides=BY).status_code == 200
    assert counts(http) == [(0, 0)]
    assert http.patch(TOGGLE, headers=TOKEN).status_code == 503
    assert counts(http) == [(1, 1)]


def test_the_page_has_no_rate_limit_and_costs_no_client_its_own(http: FlaskClient) -> None:
    by_page = [http.patch(TOGGLE, headers=TOKEN, environ_overrides=BY) for _ in range(LIMIT + 1)]
    assert [each.status_code for each in by_page] == [200] * (LIMIT + 1)
    assert {each.headers["X-RateLimit-Remaining"] for each in by_page} == {str(LIMIT)}
    assert [http.patch(TOGGLE, headers=TOKEN).status_code for _ in range(LIMIT + 1)] == [200] * LIMIT + [429]
    assert http.patch(TOGGLE, headers=TOKEN, environ_overrides=BY).status_code == 200


@pytest.mark.parametrize("name", [BY_PAGE, "talkover-mock-by-page", "By-Page", BY_PAGE.replace(".", "-")])
def test_no_header_makes_a_call_the_pages(http: FlaskClient, name: str) -> None:
    http.patch(TOGGLE, headers={**TOKEN, name: "true"})
    assert [each["by"] for each in journal(http)] == ["api"]
