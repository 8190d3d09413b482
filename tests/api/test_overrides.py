"""The method that a POST stands for, and the query as input: a row for each way to give them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.documented import TOGGLE, TOKEN, WEBHOOK, WEBHOOK_PATH
from tests.support.frozen import WEBHOOKS
from tests.support.routes import VERBS

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
HEADER = "X-HTTP-Method-Override"
LISTED = "webhooks"
POST_ON_TOGGLE = 405


def call(http: FlaskClient, path: str, headers: Mapping[str, str], kind: str | None, body: Any) -> Any:
    data = json.dumps(body) if kind == JSON else body
    return http.post(path, headers={**TOKEN, **headers}, content_type=kind, data=data)


PATCHES: Sequence[tuple[str, Mapping[str, str], str | None, Any]] = [
    ("", {HEADER: "PATCH"}, None, None),
    ("", {HEADER.lower(): "pAtCh"}, None, None),
    ("?_method=PATCH", {}, None, None),
    ("?_method=patch", {}, None, None),
    ("", {}, FORM, "_method=PATCH"),
    ("", {}, FORM, "%5Fmethod=patch"),
    ("", {}, JSON, {"_method": "PATCH"}),
    ("", {}, "multipart/form-data", {"_method": "PATCH"}),
    ("?_method=PUT", {}, JSON, {"_method": "PATCH"}),
    ("?_method=PUT", {HEADER: "PATCH"}, JSON, {"_method": "DELETE"}),
]
"""Ways to say PATCH with a POST; the header counts before the body, and the body before the query."""


@pytest.mark.parametrize(("query", "headers", "kind", "body"), PATCHES)
def test_a_post_that_stands_for_patch(
    http: FlaskClient, query: str, headers: Mapping[str, str], kind: str | None, body: Any
) -> None:
    answer = call(http, TOGGLE + query, headers, kind, body)
    assert (answer.status_code, answer.get_json()["message"]) == (200, "Webhook enabled")
    [noted] = http.get("/__admin/requests").get_json()["requests"]
    assert (noted["method"], noted["operation"].partition(" ")[0]) == ("PATCH", "PATCH")


NONE: Sequence[tuple[str, Mapping[str, str], str | None, Any]] = [
    ("", {"X-Method-Override": "PATCH"}, None, None),
    ("", {"X-HTTP-Method": "PATCH"}, None, None),
    ("", {HEADER: "PATCH now"}, None, None),
    ("?method=PATCH", {}, None, None),
    ("?_METHOD=PATCH", {}, None, None),
    ("?_method[]=PATCH", {}, None, None),
    ("", {}, JSON, {"_method": 5}),
    ("", {}, JSON, {"_method": ["PATCH"]}),
    ("?_method=PATCH", {}, JSON, {"_method": None}),
    ("", {}, "text/plain", "_method=PATCH"),
    ("", {}, None, None),
]


@pytest.mark.parametrize(("query", "headers", "kind", "body"), NONE)
def test_a_post_that_stands_for_itself(
    http: FlaskClient, query: str, headers: Mapping[str, str], kind: str | None, body: Any
) -> None:
    answer = call(http, TOGGLE + query, headers, kind, body)
    assert answer.status_code == POST_ON_TOGGLE
    assert "The POST method is not supported" in answer.get_json()["message"]


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("POST", "HEAD")])
def test_any_other_method_stands_for_itself(http: FlaskClient, verb: str) -> None:
    headers = {**TOKEN, HEADER: "DELETE"}
    answer = http.open(f"{TOGGLE}?_method=DELETE", method=verb, headers=headers, json={"_method": "DELETE"})
    assert answer.status_code == (200 if verb == "PATCH" else 405)
    assert verb == "PATCH" or f"The {verb} method is not supported" in answer.get_json()["message"]


def test_every_other_method_can_be_meant(http: FlaskClient) -> None:
    for meant, text in (("PUT", "Webhook updated successfully"), ("DELETE", "Webhook deleted successfully")):
        assert call(http, WEBHOOK_PATH, {HEADER: meant}, JSON, {}).get_json()["message"] == text
    assert LISTED in call(http, WEBHOOKS, {HEADER: "get"}, None, None).get_json()["data"]
    refused = call(http, WEBHOOKS, {HEADER: "brew"}, None, None)
    assert (refused.status_code, "The BREW method" in refused.text) == (405, True)
    options = call(http, WEBHOOKS, {HEADER: "OPTIONS"}, None, None)
    assert (options.status_code, options.data) == (200, b"")


@pytest.mark.parametrize("path", ["/api/v1/agents", "/api/v1/nope", TOGGLE])
def test_a_post_that_stands_for_head_is_answered_without_a_body(http: FlaskClient, path: str) -> None:
    meant, sent = call(http, path, {HEADER: "HEAD"}, None, None), http.head(path, headers=TOKEN)
    assert (meant.status_code, meant.data, meant.headers["Content-Length"]) == (sent.status_code, b"", "0")


def test_a_multipart_form_that_stands_for_put_is_read(http: FlaskClient) -> None:
    answer = call(http, WEBHOOK_PATH, {}, "multipart/form-data", {"_method": "PUT", "name": "From a form"})
    assert answer.get_json()["data"]["name"] == "From a form"


def test_a_fault_strikes_the_method_that_is_meant(http: FlaskClient) -> None:
    http.post("/__admin/faults", json={"match": {"method": "PATCH"}, "preset": "maintenance"})
    assert call(http, TOGGLE, {HEADER: "PATCH"}, None, None).status_code == 503
    assert call(http, TOGGLE, {}, None, None).status_code == POST_ON_TOGGLE


QUERIES: Sequence[tuple[str, str | None, Any, Mapping[str, Any]]] = [
    ("name=zz&timeout=50", None, None, {"name": "zz", "timeout": 50}),
    ("name=zz&timeout=50", JSON, {"timeout": 60}, {"name": "zz", "timeout": 60}),
    ("name=zz&timeout=50", FORM, "timeout=70", {"name": "zz", "timeout": 70}),
    ("name=zz&timeout=50", JSON, {"timeout": None}, {"name": "zz", "timeout": 30}),
    ("name=zz", "text/plain", "name=yy", {"name": "zz"}),
    ("name=zz", JSON, ["not an object"], {"name": "zz"}),
    ("events[]=event_action&enabled=1", JSON, {}, {"events": ["event_action"], "enabled": True}),
    ("events[]=event_action", JSON, {"events": ["event_recording"]}, {"events": ["event_recording"]}),
]


@pytest.mark.parametrize(("query", "kind", "body", "expected"), QUERIES)
def test_the_query_is_input_and_the_body_wins(
    http: FlaskClient, query: str, kind: str | None, body: Any, expected: Mapping[str, Any]
) -> None:
    data = json.dumps(body) if kind == JSON else body
    answer = http.put(f"{WEBHOOK_PATH}?{query}", headers=TOKEN, content_type=kind, data=data)
    assert answer.status_code == 200
    found = answer.get_json()["data"]
    assert {key: found[key] for key in expected} == expected


def test_a_query_alone_creates(http: FlaskClient, app: Flask) -> None:
    query = "name=N&webhook_url=http://app&events[]=event_action&webhook_secret=s"
    created = http.post(f"{WEBHOOKS}?{query}", headers=TOKEN)
    assert (created.status_code, created.get_json()["data"]["webhook_url"]) == (200, "http://app")
    assert app.extensions["talkover_mock"].default.webhook(created.get_json()["data"]["id"]).webhook_secret == "s"


def test_what_is_wrong_in_the_query_is_refused(http: FlaskClient) -> None:
    answer = http.put(f"{WEBHOOKS}/{WEBHOOK}?name=&timeout=4", headers=TOKEN)
    assert (answer.status_code, answer.get_json()["errors"]) == (
        422,
        {"name": ["The name field is required."], "timeout": ["The timeout must be between 5 and 120."]},
    )


def test_the_filters_of_a_list_may_stand_in_a_body_of_json(http: FlaskClient) -> None:
    def names(**given: Any) -> list[str]:
        return [each["name"] for each in http.get("/api/v1/agents", headers=TOKEN, **given).get_json()["data"]]

    drafts = names(query_string="status=draft")
    assert drafts == names(json={"status": "draft"}) == names(query_string="status=published", json={"status": "draft"})
    assert len(drafts) == 1
    assert drafts != names(data="status=draft", content_type=FORM)
