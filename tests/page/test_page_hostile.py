"""Hostile names and payloads on the page: every value is text there, and what is pasted from it does nothing else."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from talkover_mock.admin.page.curl import Request, again, of_call
from talkover_mock.base.words import printable
from talkover_mock.dialect.events import EVENTS
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.support.delivering import WAIT
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.page_document import PAGE, Document, page, rows

MARK = "xssxss"
MARKUP = f"\"><script>{MARK}()</script><img src=x onerror={MARK}()><svg onload={MARK}()>'`{{{{ 7*7 }}}}</pre></details>"
HOSTILE = [
    MARKUP,
    "\u202eevil\u2066",
    "\x00\x1b[31m",
    "half a pair: \ud800",
    "</title></style></script><!--",
    "javascript:alert(1)",
    "{% import os %}",
    "&lt;script&gt;",
]
_TAGS = (
    "html head meta title link script body a header div h1 span p nav form label select option optgroup button main "
    "section h2 h3 code ul li input b i em details summary dl dt dd ol pre textarea time footer fieldset legend figure "
    "svg circle line text wbr"
)
KNOWN_TAGS = set(_TAGS.split())


def checked(http: FlaskClient, **query: str | list[str]) -> Document:
    """The page with every row open, which holds nothing but the elements and the attributes of ours."""
    opened = rows(Document(http.get(PAGE).data.decode()))
    answer = http.get(PAGE, query_string={"open": opened, **query})
    assert answer.status_code == 200
    shown = Document(answer.data.decode())
    assert {tag for tag, _ in shown.elements} <= KNOWN_TAGS
    assert [each.get("src") for each in shown.attributes("script")] == ["/__admin/page.js"]
    assert not [name for _, given in shown.elements for name in given if name.startswith("on") or name == MARK]
    links = {given.get("href") or "" for tag, given in shown.elements if tag in ("a", "link")}
    assert not [link for link in links if not link.startswith(("#", "/__admin/", "data:image/svg"))]
    return shown


every_text = pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
every_unicode_text = pytest.mark.parametrize("text", [text for text in HOSTILE if "\ud800" not in text])
"""Fixtures and events take no half of a pair; requests do."""


@pytest.mark.slow
@every_unicode_text
def test_hostile_names_of_agents_and_webhooks_are_text(http: FlaskClient, text: str) -> None:
    webhook = {"id": WEBHOOK, "name": text, "webhook_url": "https://x.example/" + "%3Cb%3E", "events": [*EVENTS][:1]}
    agents = [{"id": AGENT, "name": text, "webhooks": [{**webhook, "webhook_secret": text}]}]
    assert (
        http.put("/__admin/state", data=json.dumps({"agents": agents}), content_type="application/json").status_code
        == 200
    )
    shown = checked(http, find=text[:3], environments=text)
    assert printable(text) in shown.text
    for query in ({"tool": "emit"}, {"tool": "webhook", "edit": WEBHOOK}, {"tool": "calls"}, {"agent": text}):
        checked(http, **query)


@pytest.mark.slow
@every_unicode_text
def test_hostile_titles_of_environments_are_text(http: FlaskClient, text: str) -> None:
    assert http.post("/__admin/environments", json={"name": "mine", "title": text}).status_code == 201
    for query in ({"environment": "mine"}, {"environments": "mine"}):
        assert printable(text) in checked(http, **query).text


@pytest.mark.slow
@every_text
def test_hostile_requests_are_text(http: FlaskClient, text: str) -> None:
    path = f"/api/v1/agents/{'x' * 3}"
    http.get(
        path,
        query_string={text.encode(errors="replace").decode(): text.encode(errors="replace").decode()},
        headers=TOKEN,
    )
    body: dict[str, Any] = {"name": text, text: text}
    http.post(f"/api/v1/agents/{AGENT}/webhooks", data=json.dumps(body), content_type="application/json", headers=TOKEN)
    http.post(
        f"/api/v1/agents/{AGENT}/webhooks", data=text.encode(errors="replace"), headers={**TOKEN, "X-Note": "<b>"}
    )
    http.post(f"/api/v1/agents/{AGENT}/webhooks", data=b"\xff\xfe", headers=TOKEN)
    shown = checked(http)
    assert "The body is not text." in shown.text
    laid_out = printable(json.dumps({text: text}, ensure_ascii=False)[1:-1])
    assert laid_out.encode(errors="backslashreplace").decode() in shown.text


@pytest.mark.slow
@every_unicode_text
def test_hostile_events_faults_and_snapshots_are_text(http: FlaskClient, text: str, world: World) -> None:
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [{"id": WEBHOOK, "enabled": True}]}]})
    event = {"agent_id": AGENT, "event": "event_phone_call_started", "context": {text: text}, "data": {text: text}}
    http.post("/__admin/events", data=json.dumps(event), content_type="application/json")
    assert world.default.deliveries.log.watch(lambda _: True, 1, None, WAIT).satisfied
    fault = {"match": {"path": text}, "respond": {"status": 418, "body": text}}
    http.post("/__admin/faults", data=json.dumps(fault), content_type="application/json")
    http.post(PAGE, data={"action": "take_snapshot", "name": text.encode(errors="replace").decode()})
    world.default.report(text)
    for tool in ("faults", "snapshots", "clock", "reset"):
        checked(http, tool=tool)
    for word in ("path", "status", "fault", "by"):
        checked(http, show="requests", **{word: text})
    for word in ("webhook_id", "event", "since", "before", "open"):
        checked(http, show="deliveries", **{word: text})


def test_a_hostile_environment_message_and_form_are_text(http: FlaskClient) -> None:
    location = http.post(PAGE, data={"action": "remove_fault", "id": MARKUP}).headers["Location"]
    html = http.get(location).text
    assert "was answered with 404" in html
    assert f"<script>{MARK}" not in html


@pytest.mark.parametrize(
    "text", ["'; touch pwned; '", '"$(touch pwned)"', "`touch pwned`", "@/etc/passwd", "a\nb\\", "!x"]
)
def test_a_copied_line_runs_nothing_but_curl_and_sends_what_came(text: str, tmp_path: Path) -> None:
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nprintf "%s\\0" "$@" > "$ARGUMENTS"\n')
    fake.chmod(0o755)
    headers = {"X-Note": text, "Content-Type": "text/plain", "Authorization": f"Bearer {text}"}
    sent = {name: value.encode() for name, value in headers.items()}
    url, body = of_call("http://127.0.0.1:1", "/api/" + text), text.encode()
    line = again(Request("POST", url, sent, body, len(body)), {})
    found = tmp_path / "arguments"
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(["sh", "-c", line], env={"PATH": path, "ARGUMENTS": str(found)}, cwd=tmp_path, check=True)
    assert not (tmp_path / "pwned").exists()
    arguments = found.read_text().split("\0")
    assert f"X-Note: {text}" in arguments
    assert arguments[arguments.index("--data-raw") + 1] == text


def test_a_copied_line_repeats_the_request(http: FlaskClient, world: World, server: Server, tmp_path: Path) -> None:
    sent = {"name": "it's", "webhook_url": "http://localhost/", "events": ["event_action"]}
    path = f"/api/v1/agents/{AGENT}/webhooks?a=%5B1%5D&b=c"
    http.post(path, base_url=server.url, headers={**TOKEN, "X-One": "1"}, json=sent)
    [shown] = world.default.journal.log.watch(lambda _: True).items
    opened = Document(http.get(PAGE, query_string={"open": "request-1"}, base_url=server.url).text)
    lines = [code for code in opened.code if code.startswith("curl -g")]
    line = lines[0]
    assert f"Authorization: {TOKEN['Authorization']}" in line
    subprocess.run(["sh", "-c", line], capture_output=True, check=True, cwd=tmp_path)
    first, again_sent = world.default.journal.log.watch(lambda _: True).items
    assert (first.request_body, first.path, first.method) == (
        again_sent.request_body,
        again_sent.path,
        again_sent.method,
    )
    assert again_sent.request_headers["X-One"] == "1"
    assert shown.status == again_sent.status == 200


@pytest.mark.slow
def test_the_lines_of_empty_places_work_when_pasted(server: Server, world: World, http: FlaskClient) -> None:
    statuses = []
    for agents in ([], [{"id": AGENT, "name": "Bare"}], None):
        if agents is None:
            world.default.reset()
        else:
            assert http.put("/__admin/state", json={"agents": agents}).status_code == 200
        world.default.journal.clear()
        world.default.deliveries.clear()
        shown = Document(http.get(PAGE, base_url=server.url).text)
        for line in [code for code in shown.code if code.startswith("curl")]:
            command = f"{line} -s -o /dev/null -w '%{{http_code}}'"
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
            statuses.append((line.split("/")[-1].split(" ")[0].strip("'"), done.stdout))
        world.default.reset()
    assert [status for _, status in statuses] == ["200"] * 6


@pytest.mark.slow
@pytest.mark.parametrize("masks", [False, True], ids=["as it came", "masked"])
def test_a_copied_line_of_another_environment_never_calls_the_default_one(
    server: Server, world: World, masks: bool, tmp_path: Path
) -> None:
    world.mask_tokens = masks
    token = "talq_'a\"b$(>pwned)`c"
    other = world.open(world.default, "other", token)
    path = f"{PAGE}?environment=other"

    def lines(query: str) -> list[str]:
        text = requests.get(f"{server.url}{path}{query}", timeout=WAIT).text
        return [code for code in Document(text).code if code.startswith("curl")]

    def done(line: str, **variables: str) -> bool:
        env = {**os.environ, **variables}
        done = subprocess.run(["sh", "-c", line], capture_output=True, check=False, cwd=tmp_path, env=env)
        assert not (tmp_path / "pwned").exists()
        return done.returncode == 0

    fresh = lines("")
    requests.patch(server.url + TOGGLE, headers={"Authorization": f"Bearer {token}"}, timeout=WAIT)
    [again_toggled] = lines("&open=request-1")
    for line in (*fresh, again_toggled):
        assert done(line) is not masks
        assert done(line, TOKEN=token)
    assert len(fresh) == 2
    assert len(other.journal.log.all()) == 1 + (2 if masks else 4)
    assert world.default.journal.log.all() == []
    assert world.default.activity.counts()["all"] == 0


def test_no_line_is_offered_for_an_environment_that_no_token_opens(http: FlaskClient, world: World) -> None:
    world.open(world.default, "template").tokens = ()
    shown = page(http, "template")
    assert [code for code in shown.code if code.startswith("curl")] == []
    assert "No token opens this environment" in shown.text
