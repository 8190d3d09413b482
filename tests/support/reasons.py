"""What tests of `X-Mockserver-Reason` share."""

from typing import Any

from flask.testing import FlaskClient

from tests.support.documented import AGENT

API = "/api/v1"
AGENTS = f"{API}/agents"
WEBHOOKS = f"{AGENTS}/{AGENT}/webhooks"
REASON = "X-Mockserver-Reason"


def reason_of(http: FlaskClient, call: str, status: int, **request: Any) -> str:
    method, path = call.split(" ", maxsplit=1)
    answer = http.open(path, method=method, **request)
    assert answer.status_code == status, answer.text
    return answer.headers[REASON]
