"""The page at `/__admin/`: what one environment holds and does, for people; its buttons run operations of the API."""

import secrets
from collections import OrderedDict
from itertools import count
from pathlib import Path
from time import monotonic
from urllib.parse import quote, urlencode

from flask import Response, render_template, request

from talkover_mock import __version__
from talkover_mock.admin.guard import TOKEN_HEADER, admin_token_of
from talkover_mock.admin.page.actions import ACTIONS, Outcome, run
from talkover_mock.admin.page.contents import Contents, contents_of
from talkover_mock.admin.page.view import view_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.admin.search import seconds
from talkover_mock.base.history import LOOK_SECONDS
from talkover_mock.base.words import brief, near_or_all
from talkover_mock.environments.environment import Environment
from talkover_mock.web.request import this_request
from talkover_mock.web.routes import ADMIN

STATIC = Path(__file__).parents[2] / "static"
PAGE = ADMIN + "/"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # stricter, and browsers hide the origin of forms from the guard
    "Cache-Control": "no-store",
}
_MOST_OUTCOMES = 100


class _Outcomes:
    """What actions came to, until the page that follows each has told it."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._kept: OrderedDict[str, Outcome] = OrderedDict()

    def keep(self, outcome: Outcome) -> str:
        number = str(next(self._numbers))
        self._kept[number] = outcome
        if len(self._kept) > _MOST_OUTCOMES:
            self._kept.popitem(last=False)
        return number

    def find(self, number: str | None) -> Outcome | None:
        return self._kept.get(number or "")


def register(admin: Admin) -> None:
    outcomes = _Outcomes()
    start = secrets.token_hex(4)

    def read() -> Response:
        """Waits for a change where `wait` says so; the ETag is a digest of what is shown."""
        environment = _environment(admin)
        outcome = outcomes.find(request.args.get("said"))
        contents = _awaited(admin, environment, start, seconds(request.args.get("wait", "0"), "wait"))
        response = _page(environment, contents, outcome)
        response.set_etag(contents.version(start))
        response.make_conditional(request)
        return response

    def act() -> Response:
        environment, name = _environment(admin), request.form.get("action", "")
        if name not in ACTIONS:
            raise Problem(422, "Unknown action", f"unknown action {brief(name)}{near_or_all(name, tuple(ACTIONS))}")
        outcome = run(ACTIONS[name], request.form.to_dict(), environment, admin.world, this_request())
        query = urlencode({"environment": environment.name, "said": outcomes.keep(outcome)})
        return Response(status=303, headers={**HEADERS, "Location": f"{PAGE}?{query}"}, content_type="text/plain")

    admin.route("GET", "/", read)
    admin.route("POST", "/", act)
    admin.route("GET", "/page.css", lambda: _file("page.css", "text/css"))
    admin.route("GET", "/page.js", lambda: _file("page.js", "text/javascript"))


def _environment(admin: Admin) -> Environment:
    """The one that the query names, or else that of the token. Raises Problem 401 or 404."""
    name = request.args.get("environment")
    environment = admin.environment() if name is None else admin.world.by_name(name)
    this_request().opened = environment
    return environment


def _awaited(admin: Admin, environment: Environment, start: str, wait: float) -> Contents:
    """The contents, when they are no more those that the client knows, or after the wait."""
    names, end = admin.world.environments, monotonic() + wait
    contents = contents_of(environment, names)
    with this_request().connection.extra_thread():
        while request.if_none_match.contains(contents.version(start)) and (left := end - monotonic()) > 0:
            slept = _slept(environment, contents, min(left, LOOK_SECONDS))
            contents = contents_of(environment, admin.world.environments)
            if not slept or this_request().connection.is_gone():
                break
    return contents


def _slept(environment: Environment, contents: Contents, wait: float) -> bool:
    """Until an API request comes, or for a time; false when the environment has been reset or closed."""
    began = monotonic()
    latest = contents.exchanges[-1].number if contents.exchanges else 0
    found = environment.journal.log.watch(lambda exchange: exchange.number > latest, 1, None, wait)
    return found.satisfied or monotonic() - began >= wait


def _page(environment: Environment, contents: Contents, outcome: Outcome | None) -> Response:
    url = f"{request.scheme}://{request.headers.get('Host', '')}"
    text = render_template(
        "page.html",
        **view_of(contents, environment, url, _line_headers(environment)),
        action=f"{PAGE}?environment={quote(environment.name)}",
        outcome=outcome,
        version=__version__,
    )
    body = text.encode(errors="backslashreplace")  # names may hold half a pair of surrogates
    return Response(body, headers=HEADERS, content_type="text/html; charset=utf-8")


def _line_headers(environment: Environment) -> dict[str, str]:
    """The headers that a line to paste needs; tokens stand in variables of the shell."""
    admin_token = {TOKEN_HEADER: "$ADMIN_TOKEN"} if admin_token_of(this_request()) else {}
    return {**({"Authorization": "Bearer $TOKEN"} if environment.tokens else {}), **admin_token}


def _file(name: str, kind: str) -> Response:
    return Response((STATIC / name).read_bytes(), headers=HEADERS, content_type=f"{kind}; charset=utf-8")
