"""What a command was given, and what is secret in an account, is nowhere in what it prints or writes."""

import base64
import hashlib
import hmac
import json
from urllib.parse import quote

import pytest
import requests
import yaml

from talkover_mock.base.addresses import without_password
from talkover_mock.cli import listen
from talkover_mock.learning.hiding import hidden, renamed, said, without
from talkover_mock.learning.listening import Listener
from tests.doors.test_cli import run
from tests.support.rows import each_row
from tests.support.vendors import vendor

TOKEN = "correct/horse"


@each_row(
    "form",
    [
        TOKEN,
        TOKEN.upper(),
        "correct\\/horse",
        quote(TOKEN, safe=""),
        base64.b64encode(TOKEN.encode()).decode(),
    ],
)
def test_every_form_of_a_secret_is_hidden(form: str) -> None:
    assert hidden(f"x={form};", TOKEN).replace("==", "") == "x=redacted;"


@each_row(
    ("secret", "value", "expected"),
    [
        ("abc1234", {"xabc1234y": ["pre-abc1234"]}, {"xredactedy": ["pre-redacted"]}),
        ("data", {"data": "data of metadata"}, {"data": "redacted of metadata"}),
        ("ab", {"ab": "ab, abc"}, {"ab": "redacted, abc"}),
        ("12345678", {"pin": 12345678}, {"pin": 0}),
        ("whsec_c2VjcmV0", "key c2VjcmV0", "key redacted"),
        (None, {"a": 1}, {"a": 1}),
    ],
)
def test_a_short_secret_is_hidden_too_where_it_is_no_usual_word(secret: str, value: object, expected: object) -> None:
    assert without(value, secret) == expected


def test_no_two_keys_become_the_same() -> None:
    assert without({"s3cretsecret": 1, "redacted": 2, "S3CRETSECRET": 3}, "s3cretsecret") == {
        "redacted_1": 1,
        "redacted": 2,
        "redacted_3": 3,
    }
    assert renamed(["a", "b", "n", "n_1"], lambda key, _: "n" if key == "a" else key) == ["n_1_", "b", "n", "n_1"]


def test_a_line_has_no_password_and_no_control_character() -> None:
    line = said("at http://bob:pw@127.0.0.1/x\x1b[2J and http://h/@me: ann@example.org", None)
    assert line == "at http://127.0.0.1/x\\u001b[2J and http://h/@me: ann@example.org"


@each_row("start", ["http://", "http:/", "//", ""])
@each_row("user", ["bob:pw@", "bob:p@w@", "bob:p/w@", "bob:p?w@", "pw@"])
def test_a_url_that_is_none_is_shown_without_its_password_too(start: str, user: str) -> None:
    assert without_password(f"{start}{user}h:80/x") == f"{start}h:80/x"


ESCAPED = (
    b'{"data": [{"id": "a-1", "name": "hook correct\\/horse", "label": "\\u0063orrect/horse", '
    b'"correct\\/horse": 1}], "meta": {"last_page": 1}}'
)


def test_a_token_that_the_servers_json_escapes_is_not_written() -> None:
    with vendor({"/agents": ESCAPED}) as url:
        done = run("import", url, "--token", TOKEN)
    [agent] = yaml.safe_load(done.stdout)["agents"]
    assert (agent["name"], agent["label"], agent["redacted"]) == ("hook redacted", "redacted", 1)
    assert "horse" not in done.output


def listed(id: str) -> dict[str, bytes]:
    return {"/agents": json.dumps({"data": [{"id": id, "name": "A"}], "meta": {"last_page": 1}}).encode()}


@pytest.mark.slow
def test_a_token_in_a_header_or_in_a_servers_id_is_not_printed() -> None:
    token = "talq_of_the_account"
    with vendor(listed("{token}"), f"Content-Type: application/json; t={token}\r\n".encode()) as url:
        done = run("conformance", "--url", url, "--token", token)
    assert done.exit_code == 1
    assert "header Content-Type" in done.stdout
    assert "t=redacted" in done.stdout
    assert token not in done.output


@pytest.mark.slow
def test_an_id_cannot_forge_a_line() -> None:
    with vendor(listed("\x1b[2J\nsetting: forged")) as url:
        done = run("conformance", "--url", url, "--token", "talq_x")
    assert "\x1b" not in done.output
    assert not [line for line in done.stdout.splitlines() if line.startswith("setting: forged")]


@each_row("command", [["import"], ["conformance", "--url"], ["state", "--url"], ["health", "--url"]])
@each_row(
    "rest",
    ["127.0.0.1:1", "127.0.0.1:1/api/v1", "127.0.0.1:x"],
    ids=["none", "part", "port"],
)
def test_the_password_of_a_url_is_not_printed(command: list[str], rest: str) -> None:
    for user in ("bob:hunter2", "bob:hun/hunter2", "hunter2"):
        more = ["--token", "talq_x"] if command[0] != "health" else []
        done = run(*command, f"http://{user}@{rest}", *more)
        assert done.exit_code in (1, 2)
        assert "hunter2" not in done.output


@pytest.mark.parametrize("secret", ["s3cretsecret", "abc1234"])
def test_a_secret_in_the_names_that_come_is_neither_printed_nor_written(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"event": "event_action", f"x_{secret}": 1, "note": f"pre{secret}post", "other": secret}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Signature": signature, "X-4155550196": "1", f"X-{secret}": "1", f"X-Signature-{secret.upper()}": "1"}

    class Early(Listener):
        """Gets a delivery as soon as it listens."""

        def start(self) -> None:
            super().start()
            requests.post(self.url, data=body, headers=headers, timeout=10)

    monkeypatch.setattr(listen, "Listener", Early)
    done = run("listen", "--port", "0", "--count", "1", "--secret", secret, "--keep-values")
    assert done.exit_code == 0
    assert "preredactedpost" in done.stdout
    assert "x-redacted" in done.stdout
    assert secret not in done.output.lower()
    assert "4155550196" not in done.output
