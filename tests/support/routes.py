"""The routes of the API, taken from the application, so that tests over all of them cover a new one unasked."""

import re
from datetime import datetime, timezone

from flask.testing import FlaskClient
from werkzeug.routing import Rule

from talkover_mock.api.known_routes import known_routes
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from tests.conftest import shipped
from tests.support.documented import AGENT, UNKNOWN, WEBHOOK
from tests.support.rows import each_row

REASON = "X-Mockserver-Reason"
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PUBLIC = {"/api/v1/health"}
"""The paths that need no token."""
_IDS = {"agent_id": AGENT, "webhook_id": WEBHOOK}


def fresh() -> FlaskClient:
    """An application of its own, where it is always the same moment: the same request has the same answer."""
    moment = datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc)
    return create_app(World(shipped(), time=lambda: moment)).test_client()


def rules() -> list[Rule]:
    return [rule for rule in fresh().application.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]


def calls() -> list[tuple[str, str]]:
    """What the API answers, as method and path with the names of its ids; HEAD and OPTIONS follow from the rest."""
    return sorted((verb, rule.rule) for rule in rules() for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"})


def filled(rule: str, **ids: str) -> str:
    """The path of a route, with the documented ids unless others are given."""
    known = {**_IDS, **ids}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: known.get(found[1], UNKNOWN), rule)


CALLS = calls()
PATHS = sorted({rule for _, rule in CALLS})
KNOWN = [(route.method, route.path) for route in known_routes()]
"""What the vendor documents and the mock does not emulate, in the same form."""
GUARDED = [(verb, rule) for verb, rule in CALLS if rule not in PUBLIC]
every_call = each_row(("verb", "rule"), CALLS)
every_guarded_call = each_row(("verb", "rule"), GUARDED)
every_path = each_row("rule", PATHS)


def allowed(rule: str) -> list[str]:
    """The documented verbs of a path in the documented order, with HEAD next to GET; also those not emulated."""
    verbs = {verb for verb, path in (*CALLS, *KNOWN) if path == rule}
    return [verb for verb in VERBS if verb in verbs or (verb == "HEAD" and "GET" in verbs)]
