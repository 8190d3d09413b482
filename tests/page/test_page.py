"""The page at `/__admin/` without a browser: its environment, its policy, its messages, and who is kept out."""

import base64

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.admin.page.dashboard import HEADERS
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from tests.support.delivering import STARTED, WAIT
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.page_document import PAGE, page, press, told

NAME = "My Webhook"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def is_enabled(world: World) -> bool:
    webhook = world.default.webhook(WEBHOOK)
    assert webhook
    return webhook.enabled


def test_without_a_choice_it_is_the_environment_of_the_token_or_the_default_one(http: FlaskClient) -> None:
    assert http.get(PAGE).text.count("<title>default ") == 1
    assert http.get(PAGE, headers={"Authorization": "Bearer talq_staging"}).text.count("<title>staging ") == 1
    assert http.get("/__admin").text.count("<title>default ") == 1


def test_an_environment_that_there_is_not_is_a_problem(http: FlaskClient) -> None:
    for answer in (http.get(PAGE + "?environment=stagin"), http.post(PAGE + "?environment=stagin")):
        assert (answer.status_code, answer.get_json()["title"]) == (404, "No such environment")
        assert answer.get_json()["near"] == ["staging"]


@pytest.mark.parametrize("masks", [False, True], ids=["as they came", "masked"])
def test_tokens_are_as_they_came_unless_the_server_masks_them(http: FlaskClient, world: World, masks: bool) -> None:
    world.mask_tokens = masks
    http.patch(TOGGLE, headers={"Authorization": "Bearer talq_a_long_secret_token"})
    http.get("/api/v1/agents", headers={"Authorization": "Bearer talq_staging"})
    headers = [{"key": "Authorization", "value": "Bearer of_the_receiver"}]
    webhook = {"id": WEBHOOK, "enabled": True, "custom_headers": headers}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    emitted = http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT}).get_json()
    opened = ["request-1", f"delivery-{emitted['deliveries'][0]['id']}"]
    text = page(http, open=opened).text + page(http, "staging", open="request-1").text
    for token in ("talq_a_long_secret_token", "talq_staging", "of_the_receiver"):
        assert (f"Bearer {token}" in text, token in text) == (not masks, not masks)


@pytest.mark.parametrize("path", [PAGE, PAGE + "page.css", PAGE + "page.js", PAGE + "?environment=staging"])
def test_every_answer_of_it_carries_the_policy(http: FlaskClient, path: str) -> None:
    answer = http.get(path)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert HEADERS["Referrer-Policy"] == "same-origin"


def test_nothing_of_it_is_inline_or_comes_from_another_host(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    shown = page(http, open="request-1", tool="faults")
    assert [each["src"] for each in shown.attributes("script")] == ["/__admin/page.js"]
    assert [each["href"] for each in shown.attributes("link", rel="stylesheet")] == ["/__admin/page.css"]
    assert shown.attributes("style") == []
    names = {name for _, given in shown.elements for name in given}
    assert not {name for name in names if name.startswith("on") or name == "style"}
    for name in ("page.css", "page.js"):
        assert "//" not in http.get(PAGE + name).text.replace("// ", "").replace("/*", "").replace("*/", "")


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_a_web_page_of_another_origin_neither_reads_nor_drives_it(
    http: FlaskClient, world: World, headers: dict[str, str]
) -> None:
    fields = page(http).form(NAME).fields
    assert http.get(PAGE, headers=headers).status_code == 403
    assert http.post(PAGE, headers=headers, data=fields).status_code == 403
    assert (is_enabled(world), world.default.journal.log.all()) == (False, [])


def test_the_admin_token_opens_it_as_the_password_that_a_browser_asks_for(world: World) -> None:
    http = create_app(world, Guard(token="secret")).test_client()
    for path in (PAGE, "/__admin/page.css", "/__admin/page.js"):
        refused = http.get(path)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="talkover-mock"')
    assert "WWW-Authenticate" not in http.get("/__admin/state").headers
    for password, status in (("secret", 200), ("Secret", 401), ("", 401)):
        basic = {"Authorization": "Basic " + base64.b64encode(f"me:{password}".encode()).decode()}
        assert http.get(PAGE, headers=basic).status_code == status
    basic = {"Authorization": "Basic " + base64.b64encode(b"me:secret").decode()}
    answer = http.post(PAGE, headers=basic, data={"action": "take_snapshot", "name": "before"})
    assert (answer.status_code, [each.name for each in world.default.snapshots.all()]) == (303, ["before"])
    assert "${ADMIN_TOKEN:?" in http.get(PAGE, headers=basic).text


def test_a_token_that_another_environment_took_is_not_used_for_the_default_one(http: FlaskClient, world: World) -> None:
    taken = world.open(world.default, "taken", "talq_page_1")
    press(http, NAME)
    assert is_enabled(world)
    assert taken.journal.log.watch(lambda _: True).items == []


def test_an_action_that_there_is_not_is_a_problem_and_one_without_its_fields_is_told(http: FlaskClient) -> None:
    answer = http.post(PAGE, data={"action": "togle"})
    assert (answer.status_code, answer.get_json()["detail"]) == (422, 'unknown action "togle"; did you mean toggle?')
    assert told(http, http.post(PAGE, data={"action": "toggle"})) == 'the form has no field "owners"'


def test_an_environment_that_no_token_opens_can_be_read_and_says_so(http: FlaskClient, world: World) -> None:
    world.by_name("staging").tokens = ()
    answer = http.post(PAGE + "?environment=staging", data={"action": "reset"})
    assert told(http, answer) == "the fixture gives environment staging no valid token"


def test_the_message_of_an_action_is_told_by_its_own_page_only(http: FlaskClient) -> None:
    location = http.post(PAGE, data={"action": "reset"}).headers["Location"]
    assert location == "/__admin/?environment=default&said=1"
    assert "is reset to its fixture" in http.get(location).text
    assert "is reset to its fixture" not in http.get(PAGE).text
    assert "outcome good" not in http.get(PAGE + "?said=99").text


def test_crashes_of_the_mock_itself_are_shown(http: FlaskClient, world: World) -> None:
    world.default.report("Traceback: <broken>")
    assert "Traceback: <broken>" in page(http).code


def test_messages_of_long_ago_are_forgotten(http: FlaskClient) -> None:
    first = http.post(PAGE, data={"action": "freeze"}).headers["Location"]
    for _ in range(101):
        http.post(PAGE, data={"action": "unfreeze"})
    assert "The clock is frozen" not in http.get(first).text


def test_an_environment_is_called_by_its_title(http: FlaskClient) -> None:
    title = "tests/test_pauser.py::test_resume"
    http.post("/__admin/environments", json={"name": "t1", "title": title})
    assert http.get(PAGE + "?environment=t1").text.count(f"<title>{title} ") == 1
    shown = page(http, environments="PAUSER")
    assert shown.links().count("/__admin/?environment=t1") == 1
    assert "test_resume open" in " ".join(shown.text.split())
