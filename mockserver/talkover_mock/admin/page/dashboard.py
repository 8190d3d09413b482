"""The page at `/__admin/`: shows one environment to people; its buttons run operations of the API."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from itertools import count
from urllib.parse import quote, urlencode

from flask import Flask
from jinja2 import FunctionLoader

from talkover_mock import __version__
from talkover_mock.admin.checks import seconds_in
from talkover_mock.admin.guard import TOKEN_HEADER, admin_token_of
from talkover_mock.admin.page.actions import ACTIONS, Said, run
from talkover_mock.admin.page.contents import Contents, contents_of
from talkover_mock.admin.page.view import view_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin, environment_of
from talkover_mock.base.own_files import own_file
from talkover_mock.base.real_time import RealTime
from talkover_mock.base.words import brief, near_or_all
from talkover_mock.environments.environment import Environment
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import ADMIN
from talkover_mock.web.waiting import Waiting

PAGE = ADMIN + "/"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # stricter, and browsers hide the origin of forms from the guard
}
_MOST_SAID = 100
_LOOK_SECONDS = 0.5
"""Seconds between two looks at what the page shows."""


class _Said:
    """The results of actions, kept for the page that is shown next."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._kept: OrderedDict[str, Said] = OrderedDict()

    def keep(self, said: Said) -> str:
        number = str(next(self._numbers))
        self._kept[number] = said
        if len(self._kept) > _MOST_SAID:
            self._kept.popitem(last=False)
        return number

    def find(self, number: str | None) -> Said | None:
        return self._kept.get(number or "")


def register(admin: Admin, app: Flask) -> None:
    """Declares the page's routes. The buttons go through `app`, as any client would."""
    app.jinja_loader = FunctionLoader(lambda name: own_file(f"templates/{name}").decode())
    said = _Said()
    start = secrets.token_hex(4)
    admin.public_route("GET", "/", partial(_read, said, start, app))
    admin.public_route("POST", "/", partial(_act, said, app))
    admin.public_route("GET", "/page.css", partial(_file, "page.css", "text/css"))
    admin.public_route("GET", "/page.js", partial(_file, "page.js", "text/javascript"))


def _read(kept: _Said, start: str, app: Flask, request: MockRequest) -> Answer | Waiting:
    """The page; `wait` first waits that many seconds for a change. The ETag is a digest of the contents."""
    environment = _environment(request)
    wait = seconds_in(request.query_value("wait") or "0", "wait")
    said = kept.find(request.query_value("said"))

    def show(contents: Contents) -> Answer:
        page = _page(app, request, environment, contents, said)
        page.headers["ETag"] = f'"{contents.version(start)}"'
        return page

    return _awaited(request, environment, start, RealTime.monotonic() + wait, show)


def _act(kept: _Said, app: Flask, request: MockRequest) -> Answer:
    """Runs the operation that the form names, and redirects to the page."""
    environment, fields = _environment(request), request.form()
    name = fields.get("action", "")
    if name not in ACTIONS:
        raise Problem(422, "Unknown action", f"unknown action {brief(name)}{near_or_all(name, tuple(ACTIONS))}")
    query = {"environment": environment.name, "said": kept.keep(run(ACTIONS[name], fields, environment, request, app))}
    headers = {**HEADERS, "Location": f"{PAGE}?{urlencode(query)}", "Content-Type": "text/plain; charset=utf-8"}
    return Answer(b"", 303, headers)


def _environment(request: MockRequest) -> Environment:
    """The environment that the query names, or else the token's environment. Raises Problem 401, Missing."""
    name = request.query_value("environment")
    if name is None:
        return environment_of(request)
    environment = request.environment_or_none = request.world.by_name(name)
    return environment


def _awaited(
    request: MockRequest, environment: Environment, start: str, end: float, show: Callable[[Contents], Answer]
) -> Answer | Waiting:
    """The page, once its contents are no longer what the client knows, or when the time has come to its end.

    An API request wakes the wait; all else is looked at now and then.
    """
    contents, left = contents_of(environment, request.world.environments), end - RealTime.monotonic()
    is_known = f'"{contents.version(start)}"' in request.header("If-None-Match")
    if not is_known or left <= 0 or request.connection.is_gone():
        return show(contents)
    log, latest = environment.journal.log, contents.exchanges[-1].number if contents.exchanges else 0
    expectation = log.expect(lambda exchange: exchange.number > latest, 1)
    return Waiting(
        expectation.decided,
        min(left, _LOOK_SECONDS),
        then=lambda: _awaited(request, environment, start, end, show),
        end=lambda: log.forget(expectation),
    )


def _page(app: Flask, request: MockRequest, environment: Environment, contents: Contents, said: Said | None) -> Answer:
    text = app.jinja_env.get_template("page.html").render(  # without a context: it may come after a wait
        **view_of(contents, environment, request.root_url, _line_headers(request, environment)),
        action=f"{PAGE}?environment={quote(environment.name)}",
        outcome=said,
        version=__version__,
    )
    body = text.encode(errors="backslashreplace")  # names may hold half a surrogate pair
    return Answer(body, headers={**HEADERS, "Content-Type": "text/html; charset=utf-8"})


def _line_headers(request: MockRequest, environment: Environment) -> dict[str, str]:
    """The headers of a command to paste; shell variables stand for tokens."""
    admin_token = {TOKEN_HEADER: "$ADMIN_TOKEN"} if admin_token_of(request) else {}
    return {**({"Authorization": "Bearer $TOKEN"} if environment.tokens else {}), **admin_token}


def _file(name: str, kind: str, _: MockRequest) -> Answer:
    return Answer(own_file(f"static/{name}"), headers={**HEADERS, "Content-Type": f"{kind}; charset=utf-8"})
