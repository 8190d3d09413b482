"""What must hold while threads take turns at the worst moments."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from werkzeug.test import Client

from talkover_mock.admin.guard import Guard
from talkover_mock.api.app import ApiApplication
from talkover_mock.app import create_wsgi_app
from talkover_mock.dialect.errors import InvalidToken
from talkover_mock.environments.world import World
from talkover_mock.loading.files import default_fixture, load
from tests.support.documented import TOGGLE, TOKEN

THREADS = 4


@pytest.fixture(autouse=True)
def _restless() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def statuses(app: ApiApplication, start: Barrier, method: str, paths: Sequence[str]) -> set[int]:
    http = Client(app)
    start.wait()
    return {http.open(path, method=method, headers=TOKEN).status_code for path in paths}


def test_the_first_admin_request_disturbs_no_call_of_the_api() -> None:
    for _ in range(10):
        world = World(load([default_fixture()]))
        app = create_wsgi_app(world, Guard())
        start = Barrier(THREADS + 1)
        with ThreadPoolExecutor(THREADS + 1) as pool:
            found = [pool.submit(statuses, app, start, "PATCH", [TOGGLE] * 20) for _ in range(THREADS)]
            found.append(pool.submit(statuses, app, start, "GET", ["/__admin/state", "/__admin/requests", "/__admin/"]))
            assert [each.result(30) for each in found] == [{200}] * (THREADS + 1)
        assert world.default.errors == []


def test_a_token_never_opens_the_default_environment_while_its_own_opens_and_closes() -> None:
    world = World(load([default_fixture()]))
    world.open(world.default.baseline, "mine", "talq_mine")

    def look() -> set[str]:
        names = set()
        for _ in range(2_000):
            try:
                names.add(world.by_token("talq_mine").name)
            except InvalidToken as error:
                names.add(str(error))
        return names

    def change() -> None:
        for _ in range(300):
            world.close("mine")
            world.open(world.default.baseline, "mine", "talq_mine")

    with ThreadPoolExecutor(THREADS) as pool:
        looks = [pool.submit(look) for _ in range(THREADS - 1)]
        pool.submit(change).result(30)
        seen = set().union(*(each.result(30) for each in looks))
    assert seen <= {"mine", "the token was that of environment mine, which has been closed"}
