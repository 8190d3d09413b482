"""What must hold while threads take turns at the worst moments."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from talkover_mock.admin.app import create_admin
from talkover_mock.admin.guard import Guard
from talkover_mock.api.app import ApiApplication
from talkover_mock.app import create_wsgi_app
from talkover_mock.environments.world import World
from talkover_mock.loading.files import default_fixture, load
from tests.support.documented import TOGGLE, TOKEN

THREADS = 4
ADMIN = ("/__admin/state", "/__admin/requests", "/__admin/")
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _restless() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def statuses(app: ApiApplication, start: Barrier, method: str, paths: Sequence[str]) -> set[int]:
    http = Client(app)
    start.wait()
    headers = TOKEN if method == "PATCH" else {}  # of the API
    return {http.open(path, method=method, headers=headers).status_code for path in paths}


def test_the_first_admin_requests_make_one_admin_side_and_disturb_no_call_of_the_api(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = list[World]()

    def create(world: World, *arguments: Any) -> Flask:
        made.append(world)
        return create_admin(world, *arguments)

    monkeypatch.setattr("talkover_mock.admin.app.create_admin", create)
    for _ in range(10):
        made.clear()
        world = World(load([default_fixture()]))
        app = create_wsgi_app(world, Guard())
        start = Barrier(THREADS + 2)
        with ThreadPoolExecutor(THREADS + 2) as pool:
            found = [pool.submit(statuses, app, start, "PATCH", [TOGGLE] * 20) for _ in range(THREADS)]
            found += [pool.submit(statuses, app, start, "GET", ADMIN) for _ in range(2)]
            assert [each.result(30) for each in found] == [{200}] * (THREADS + 2)
        assert world.default.errors == []
        assert made == [world]
