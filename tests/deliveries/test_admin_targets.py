"""No delivery goes to the admin routes of any mock server: neither a queued one nor a test."""

from collections.abc import Callable

import pytest

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.deliveries.targets import Captured, resolve
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.documented import TOKEN, WEBHOOK_PATH
from tests.support.rows import each_row
from tests.support.stories import attempts, emit, hook

REASON = "the path is /__admin or below it; the admin routes of a mock server are never called"
ADMIN_PATHS = [
    "/__admin",
    "/__admin/",
    "/__admin/state",
    "/__admin?a=1",
    "/__admin#a",
    "//__admin/reset",
    "///////__admin/reset",
    "/%5f%5fadmin/reset",
    "/%5F_admin%2freset",
    "/__%61dmin",
    "/%2f__admin/reset",
    "/%2F%2f__admin%2Freset",
    "/%255f_admin/reset",
    "/%25255f_admin/reset",
    "/./__admin/reset",
    "/hook/../__admin/reset",
    "/hook/%2e%2e/__admin/reset",
    "/hook/..%2f__admin/reset",
    "/../__admin",
    "/\\__admin/reset",
    "/%5c__admin/reset",
    "/__admin/../__admin",
    "/__ADMIN/reset",
    "/__admin;a=1/reset",
    "/\t__admin/reset",
    "/__admin%3fa=1",
    "/__admin%23a/reset",
    "/__admin%00.html",
    "/hook/..;a=1/__admin/reset",
    "/hook/..%3b/__admin/reset",
    "/__admin/../hook",
    "/__admin%2f..%2fhook",
]
OTHER_PATHS = ["", "/", "/hook", "/__adminx", "/x/__admin", "/_admin", "/hook?to=/__admin", "/hook;/__admin", "/%"]
HOSTS = ["127.0.0.1:7357", "10.0.0.7", "mock:80", "user:pass@127.0.0.1:1", "[::1]:7357", "2130706433"]


@each_row("host", HOSTS)
@each_row("path", ADMIN_PATHS)
def test_an_admin_path_is_captured_whoever_listens(path: str, host: str) -> None:
    with pytest.raises(Captured, match=f"^{REASON}$"):
        resolve(f"http://{host}{path}")
    with pytest.raises(Captured, match=f"^{REASON}$"):
        resolve(f"https://{host}{path}", ["10.0.0.7"])


@each_row("path", OTHER_PATHS)
def test_another_path_is_called(path: str) -> None:
    assert resolve(f"http://127.0.0.1{path}").addresses == ("127.0.0.1",)


def test_an_event_and_a_test_are_captured(open_world: Callable[..., World], receiver: WebhookReceiver) -> None:
    url = receiver.url.removesuffix("/webhook") + "/%5f_admin/reset"
    world = open_world(hook(url))
    http = create_app(world, Guard()).test_client()
    emit(world.default)
    assert http.post(f"{WEBHOOK_PATH}/test", headers=TOKEN).status_code == 200
    ended = attempts(world.default)
    assert [each.outcome.captured for each in ended if each.outcome] == [REASON, REASON]
    assert [each.is_test for each in ended] == [False, True]
    assert receiver.requests == []
