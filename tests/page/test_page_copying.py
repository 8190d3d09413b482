"""The commands that an opened row offers to copy: pasted into a shell, they send what was sent."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.journal import Exchange
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from talkover_mock.web.server import Server
from tests.support import raw
from tests.support.delivering import STARTED, WAIT
from tests.support.documented import AGENT
from tests.support.page_document import PAGE, Document
from tests.support.rows import each_row
from tests.support.stories import hook

pytestmark = pytest.mark.slow
PLACE = b"POST /api/v1/agents"


def copied(server: Server, id: str) -> str:
    """The command in an opened row as a browser has it, which makes one of the two ends of a line."""
    html = requests.get(f"{server.url}{PAGE}", params={"open": id}, timeout=WAIT).text
    shown = Document(html.replace("\r\n", "\n").replace("\r", "\n"))
    [line] = [code for code in shown.code if "curl -g" in code]
    return line


def paste(line: str, **variables: str) -> bool:
    """Whether a shell has run it."""
    env = {**os.environ, **variables}
    done = subprocess.run(["sh"], input=line.encode(), capture_output=True, check=False, env=env)
    return done.returncode == 0


def call(server: Server, line: bytes, body: bytes = b"", *headers: bytes) -> None:
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    with raw.connect(server) as client:
        client.sendall(raw.request(line, *headers, length, b"User-Agent: a\r\nAccept: */*\r\n", raw.CLOSE, body=body))
        raw.rest_of(client)


def latest(world: World) -> Exchange:
    return world.default.journal.log.all()[-1]


def sent(exchange: Exchange) -> tuple[Any, ...]:
    headers = {name: value for name, value in exchange.request_headers.items() if name not in ("Host", "Connection")}
    return exchange.method, exchange.path, headers, exchange.request_body


@each_row(
    "line, body, header",
    [
        (PLACE, b'{"name":\r\n"a\rb"}\r\n', b"Content-Type: application/json\r\n"),
        (PLACE, b"\xff\xfe\x00\x01\r\n", b"Content-Type: application/octet-stream\r\n"),
        (PLACE, b"\x1f\x8b%d%%\\n\\\\'$(exit)`!\x1b[31m", b"Content-Encoding: gzip\r\n"),
        (PLACE, b"-e \x00 -", b""),
        (PLACE, b"\n\n a\t\n", b""),
        (PLACE, "\ufeffé\x85\u202e\x7f".encode(), b""),
        (PLACE, b"\xff" + b"ab" * 32_000, b""),
        (b"GET /api/v1/../v1/agents?a=/../b", b"", b""),
        (b"GET /api/v1/./agents/..", b"", b""),
        (b"GET /api/v1/%2e%2E/agents", b"", b""),
        (b"GET /api/v1/agents/a.b?a=%C3%A9+%20[1]&b='\"<>\\^`{|}$(exit)", b"", b""),
        (b"GET /api/v1/agents/%C3%A9%23%25a", b"", b""),
        (b"GET /api/v1/agents", b"", "X-Note: é ☃\r\n".encode()),
        (b"GET /api/v1/agents", b"", b"X-Note: it's \xe9 100% \\n $(exit) \"`\r\n"),
    ],
)
def test_a_copied_call_is_repeated(server: Server, world: World, line: bytes, body: bytes, header: bytes) -> None:
    before = len(world.default.journal.log)
    call(server, line, body, header)
    first = latest(world)
    assert first.number == before + 1
    command = copied(server, f"request-{first.number}")
    assert ("--path-as-is" in command) is ("/.." in first.path.partition("?")[0] or "/./" in first.path)
    assert paste(command)
    again = latest(world)
    assert again.number == first.number + 1
    assert sent(again) == sent(first)


def test_a_copied_head_leaves_its_body_out(server: Server, world: World) -> None:
    call(server, b"HEAD /api/v1/agents", b"{}", b"Content-Type: application/json\r\n")
    assert paste(copied(server, "request-1"))
    first, again = world.default.journal.log.all()
    assert (first.request_body, again.request_body) == (b"{}", b"")
    assert (again.method, again.path, again.status) == (first.method, first.path, first.status)


def test_a_copied_call_with_a_body_that_is_not_kept_whole_says_so_and_takes_the_body_from_a_file(
    server: Server, world: World, tmp_path: Path
) -> None:
    body = b"'a\r\n" * 20_000
    call(server, PLACE, body, b"Content-Type: text/plain\r\n")
    command = copied(server, "request-1")
    kept = "# The mock has kept 65,536 of the 80,000 bytes of the body."
    assert command.startswith(f"{kept} Set BODY to the name of a file with the whole body.\ncurl -g -X POST ")
    assert not paste(command)
    assert len(world.default.journal.log.all()) == 1
    file = tmp_path / "body of mine"
    file.write_bytes(body)
    assert paste(command, BODY=str(file))
    first, again = world.default.journal.log.all()
    assert (again.request_body, again.request_size) == (first.request_body, 80_000)


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_copied_delivery_is_repeated(
    open_world: Callable[..., World], serve: Callable[..., Server], receiver: WebhookReceiver, size: int
) -> None:
    url = f"{receiver.url}/a/../é/%2e/b?c=é&d=%20"
    template = {STARTED: {"text": "{{context.text}}"}}
    headers = [{"key": "X-Team", "value": "blue"}]
    world = open_world(hook(url, webhook_secret="s", payload_templates=template, custom_headers=headers))
    server = serve(create_app(world, Guard()))
    world.default.deliveries.emit(AGENT, STARTED, context={"text": "'é\r\n" * (size // 4)})
    assert world.default.deliveries.log.watch(lambda each: each.ended, 1, None, WAIT).satisfied
    [row] = world.default.activity.rows("deliveries").rows
    assert paste(copied(server, row.id))
    first, again = receiver.wait_for(2, wait=WAIT)
    assert len(first.body) >= size
    assert (again.method, again.path, again.body) == (first.method, first.path, first.body)
    assert {**again.headers, **first.headers} == {**again.headers, "connection": "close"}


@each_row(
    "header, expected",
    [
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", '"Authorization: Basic ${TOKEN:?'),
        ("Authorization: Token talq_secret_token", '"Authorization: Token ${TOKEN:?'),
        ("Authorization: talq_secret_token", '"Authorization: ${TOKEN:?'),
        ("Authorization: $(exit) talq_secret_token", '"Authorization: ${TOKEN:?'),
        ("Proxy-Authorization: Bearer talq_secret_token", '"Proxy-Authorization: Bearer ${TOKEN:?'),
        ("X-Mockserver-Admin-Token: talq_secret_token", '"X-Mockserver-Admin-Token: ${ADMIN_TOKEN:?'),
    ],
)
def test_no_masked_token_is_copied(server: Server, world: World, header: str, expected: str) -> None:
    world.mask_tokens = True
    call(server, b"GET /api/v1/agents", b"", f"{header}\r\n".encode())
    command = copied(server, f"request-{latest(world).number}")
    assert expected in command
    assert "***" not in command
