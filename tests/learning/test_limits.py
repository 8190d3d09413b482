"""What a server may send at most, how long it is waited for, and an account that is not told whole."""

import json
import socket
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from talkover_mock.learning.asking import RIGHT_ROOT, AskedServer, CannotRun, Reply
from talkover_mock.learning.importing import NOT_TOLD, Account
from tests.doors.test_cli import run
from tests.learning.test_agreeing import TOKEN, live
from tests.support.peers import BOUND, Peer, ok, peers
from tests.support.rows import each_row

NOW = 1756943415.0


class Vendor(AskedServer):
    """A server whose answers are scripted: by path and page, or by path."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__("http://vendor.invalid", TOKEN)
        self.answers = answers

    def ask(self, asked: Any, ids: Any, **_: Any) -> Reply:
        parts = urlsplit(asked.path)
        page = dict(parse_qsl(parts.query)).get("page", "1")
        found = self.answers.get(f"{parts.path} {page}", self.answers.get(parts.path))
        if found is None:
            return Reply(404, {}, "{}")
        return Reply(200, {}, found if isinstance(found, str) else json.dumps(found))


def listed(*ids: Any, **more: Any) -> dict[str, Any]:
    return {"data": [{"id": id, "name": "A"} for id in ids], **more}


def read(**answers: Any) -> tuple[dict[str, Any], list[str]]:
    given = {f"/{path}": answer for path, answer in answers.items()}
    hooks: dict[str, Any] = {f"/agents/a{i}/webhooks": {"data": {"webhooks": []}} for i in range(300)}
    with closing(Vendor({**hooks, **given})) as server:
        reading = Account(server)
        document = reading.read()
    return document, [note for note in reading.notes[len(NOT_TOLD) :] if "/campaigns is answered 404" not in note]


def ids_of(document: dict[str, Any]) -> list[str]:
    return [agent["id"] for agent in document["agents"]]


def test_a_last_page_may_be_a_text_and_a_page_smaller_than_asked_for() -> None:
    pages = {f"agents {i}": listed(f"a{i}", meta={"last_page": "3"}) for i in (1, 2, 3)}
    assert [ids_of(read(**pages)[0]), read(**pages)[1]] == [["a1", "a2", "a3"], []]
    small = {f"agents {i}": listed(f"a{i}", meta={"per_page": 1}) for i in (1, 2)}
    document, notes = read(**small, **{"agents 3": listed(meta={"per_page": 1})})
    assert (ids_of(document), notes) == (["a1", "a2"], [])


def test_an_account_that_is_not_told_whole_is_not_called_complete() -> None:
    assert read(agents=listed("a1", meta={"last_page": 2.5}))[1] == [
        "GET /agents tells no readable last_page: it may have more pages than were read."
    ]
    assert read(agents=listed("a1", meta={"last_page": 1, "total": 3}))[1] == [
        "GET /agents tells of 3 records, but 1 record came."
    ]
    empty = {"agents 1": listed("a1", meta={"last_page": 3}), "agents 2": listed(meta={"last_page": 3})}
    assert read(**empty)[1] == ["GET /agents tells of more pages, but 1 record came."]
    assert read(agents={"data": [{"name": "A"}, 5, {"id": None}, {"id": {}}, {"id": "a1", "name": "A"}]})[1] == [
        "Left out: 4 records of GET /agents, without an id."
    ]


def test_the_same_page_again_ends_it() -> None:
    with pytest.raises(CannotRun, match="page 2 of GET /agents has nothing but records of the pages before"):
        read(agents=listed(*(f"a{i}" for i in range(100))))
    assert len(ids_of(read(agents=listed(*(f"a{i}" for i in range(99))))[0])) == 99


@each_row("answer", ["<html>log in</html>", "[]", '{"data": []}', '{"data": {"webhooks": {}}}', "null"])
def test_an_answer_that_is_no_list_of_webhooks_ends_it(answer: str) -> None:
    text = "GET /agents/a1/webhooks is answered without a list of webhooks: is it the root"
    with pytest.raises(CannotRun, match=text):
        read(agents=listed("a1"), **{"agents/a1/webhooks": answer})


@pytest.mark.parametrize("answer", ["<html>log in</html>", '{"success": true, "data": null}', '{"data": {}}'])
def test_campaigns_that_cannot_be_read_are_noted(answer: str) -> None:
    document, notes = read(agents=listed("a1"), campaigns=answer)
    assert ids_of(document) == ["a1"]
    assert notes == ["GET /campaigns is answered without a list as data: no campaigns are read."]


def test_webhooks_of_a_campaign_that_cannot_be_read_are_noted() -> None:
    campaign = {"data": [{"id": "c", "name": "C", "agent_id": "a1"}]}
    document, notes = read(agents=listed("a1"), campaigns=campaign)
    assert document["campaigns"][0]["webhooks"] == []
    assert notes == ["GET /campaigns/c/webhooks is answered without a list of webhooks: none are read."]


def pouring(peer: Peer, connection: socket.socket) -> None:
    """An answer without an end."""
    connection.recv(9_999)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not peer.done.is_set():
        connection.sendall(b"x" * (1 << 16))


NESTED = '{"data": ' + "[" * 100_000 + "]" * 100_000 + "}"
DEEP = '{"data": [{"id": "a1", "name": "A", "x": ' + "[" * 600 + "]" * 600 + "}]}"


@each_row("body", [NESTED, DEEP, '{"data": ' + "9" * 5_000 + "}", "<html>"])
@each_row("command", [["import"], ["conformance", "--url"]])
def test_an_answer_that_cannot_be_read_is_one_line(body: str, command: list[str]) -> None:
    def script(_: Peer, connection: socket.socket) -> None:
        connection.recv(9_999)
        connection.sendall(ok(body.encode()))

    with peers() as start:
        done = run(*command, start(script).url, "--token", TOKEN)
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: GET /agents is answered ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["import"], ["conformance", "--url"]])
def test_an_answer_without_an_end_is_given_up(command: list[str]) -> None:
    with peers() as start:
        done = run(*command, start(pouring).url, "--token", TOKEN)
    assert done.exit_code == 2
    assert done.stderr.endswith(" is answered with more than 16 MB\n")


def dripping(peer: Peer, connection: socket.socket) -> None:
    """An answer that never comes whole: with a byte now and then, no pause of it is too long."""
    connection.recv(9_999)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n ")
    peer.done.wait(BOUND)


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    with peers() as start, closing(AskedServer(start(dripping).url, TOKEN)) as server:
        server.longest = 0.05
        with pytest.raises(CannotRun, match=r"/api/v1/agents is not answered in 0\.05 seconds"):
            server.read("/agents")


@each_row("token", ["talq_mine\n", "talq_\x00", "talq_☎"])
@each_row("command", [["import"], ["conformance", "--url"]])
def test_a_token_that_cannot_be_sent_is_said_to_be_one(token: str, command: list[str]) -> None:
    done = run(*command, "http://127.0.0.1", "--token", token)
    text = "Error: the token has a line break or a character that no header can have\n"
    assert (done.exit_code, done.stderr) == (2, text)


@each_row("host", ["a..b", "a" * 80 + ".example"])
@each_row("command", [["import"], ["conformance", "--url"]])
def test_a_host_that_cannot_be_one_is_one_line(host: str, command: list[str]) -> None:
    done = run(*command, f"http://{host}", "--token", TOKEN)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"Error: http://{host}/api/v1/agents?")


@each_row(
    ("reset", "paused"),
    [(f"{NOW + 60:.0f}", [60]), (f"{(NOW + 60) * 1000:.0f}", []), ("60", []), ("soon", [])],
)
def test_a_rate_limit_is_waited_for_where_its_moment_is_near(reset: str, paused: list[float]) -> None:
    pauses: list[float] = []
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    with live() as mock:
        mock.add_fault(respond={"status": 200, "headers": headers, "body": {"data": []}})
        with closing(AskedServer(mock.url, TOKEN, pauses.append, lambda: NOW, paces=True)) as server:
            assert [server.read("/agents"), server.read("/agents")] == [[], []]
    assert pauses == paused


@each_row("status", [429, 503])
@each_row(
    ("header", "pause"),
    [("7", 7), (format_datetime(datetime.fromtimestamp(NOW + 90, timezone.utc), usegmt=True), 90)],
)
def test_a_busy_server_is_waited_for_until_its_moment(status: int, header: str, pause: float) -> None:
    pauses: list[float] = []
    told: list[str] = []
    with live() as mock:
        mock.add_fault(respond={"status": status, "headers": {"Retry-After": header}, "body": {}}, times=1)
        with closing(AskedServer(mock.url, TOKEN, pauses.append, lambda: NOW)) as server:
            server.tell = told.append
            assert server.read("/agents")
    assert (pauses, told) == ([pause], [f"waits {pause:g} seconds, as the server wants it"])


@pytest.mark.slow
@each_row("command", [["import"], ["conformance", "--url"]])
def test_a_pause_is_told_on_standard_error(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AskedServer.__init__, "__defaults__", (lambda _: None, lambda: NOW))  # no test sleeps
    with live() as mock:
        mock.add_fault("rate_limited", times=1, headers={"Retry-After": "7"})
        done = run(*command, mock.url, "--token", TOKEN)
    assert done.exit_code == 0
    assert done.stderr.startswith("waits 7 seconds, as the server wants it\n")


@each_row("command", [["import"], ["conformance", "--url"]])
@each_row(
    ("status", "hint"),
    [
        (302, "it redirects; give the URL to which it does"),
        (404, RIGHT_ROOT),
        (401, "give the token of an environment"),
    ],
)
def test_an_answer_without_agents_says_what_to_do(status: int, hint: str, command: list[str]) -> None:
    with live() as mock:
        mock.add_fault(respond={"status": status, "headers": {"Location": f"https://a.example/?t={TOKEN}"}, "body": {}})
        done = run(*command, mock.url, "--token", TOKEN)
    assert (done.exit_code, done.stderr) == (2, f"Error: GET /agents is answered {status}: {hint}\n")


@each_row(
    ("status", "header", "waited"),
    [
        (429, "7.5", [60, 60, 60]),
        (429, "9" * 400, [60, 60, 60]),
        (429, "Wed, 99 Sep 2025 25:61:61 GMT", [60, 60, 60]),
        (429, "Wed, 03 Sep 2025 00:00:00 GMT", []),
        (503, "soon", []),
    ],
)
def test_the_last_refusal_is_not_waited_for(status: int, header: str, waited: list[float]) -> None:
    pauses: list[float] = []
    with live() as mock:
        mock.add_fault(respond={"status": status, "headers": {"Retry-After": header}, "body": {}})
        with closing(AskedServer(mock.url, TOKEN, pauses.append, lambda: NOW)) as server:
            assert server.read("/agents") is None
    assert pauses == waited
