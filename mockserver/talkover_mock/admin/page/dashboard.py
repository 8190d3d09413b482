"""The page at `/__admin/`: shows one environment to people; its buttons run operations of the API."""

import secrets
from collections import OrderedDict
from functools import partial
from itertools import count

from flask import Flask

from talkover_mock import __version__
from talkover_mock.admin.checks import seconds_in
from talkover_mock.admin.page.actions import ACTIONS, chosen
from talkover_mock.admin.page.address import Address
from talkover_mock.admin.page.content import content_of, near
from talkover_mock.admin.page.feed import with_ids
from talkover_mock.admin.page.running import Said, run
from talkover_mock.admin.page.templates import rendered
from talkover_mock.admin.page.tools import panel_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin, environment_of
from talkover_mock.base.own_files import own_file
from talkover_mock.base.real_time import RealTime
from talkover_mock.base.refusals import Missing
from talkover_mock.base.words import brief, near_or_all
from talkover_mock.environments.environment import Environment
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.waiting import Waiting

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # stricter, and browsers hide the origin of forms from the guard
}
_MOST_SAID = 100


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


class _Page:
    """What every request for the page needs: the application, and the results of actions."""

    def __init__(self, app: Flask) -> None:
        self.app, self.said = app, _Said()
        self._start = secrets.token_hex(4)
        """Distinguishes the versions of this run of the server from those of others."""

    def version(self, request: MockRequest, environment: Environment) -> str:
        names, failures = len(request.world.environments), len(request.world.failed)
        return f'"{self._start}-{environment.activity.version}-{len(environment.errors)}-{names}-{failures}"'


def register(admin: Admin, app: Flask) -> None:
    """Declares the page's routes. The buttons go through `app`, as any client would."""
    page = _Page(app)
    admin.public_route("GET", "/", partial(_read, page))
    admin.public_route("POST", "/", partial(_act, page))
    admin.public_route("GET", "/page.css", partial(_file, "page.css", "text/css"))
    admin.public_route("GET", "/page.js", partial(_file, "page.js", "text/javascript"))


def _read(page: _Page, request: MockRequest) -> Answer | Waiting:
    """The page; `wait` first waits that many seconds for a change of what the client's version shows."""
    environment = _environment(request)
    wait = seconds_in(request.query_value("wait") or "0", "wait")
    return _awaited(page, request, environment, RealTime.monotonic() + wait)


def _awaited(page: _Page, request: MockRequest, environment: Environment, end: float) -> Answer | Waiting:
    number, version = environment.activity.version, page.version(request, environment)
    left = end - RealTime.monotonic()
    if version not in request.header("If-None-Match") or left <= 0 or request.connection.is_gone():
        return _show(page, request, environment, version)
    changed = environment.activity.changed_after(number)
    return Waiting(changed, left, then=lambda: _awaited(page, request, environment, end))


def _act(page: _Page, request: MockRequest) -> Answer:
    """Runs the operation that the form names, and redirects to the address that the form was on.

    If the operation has closed the environment that the page shows, the default one is shown instead.
    """
    environment = _environment(request)
    given = request.form()
    name, fields = chosen(given.get("action", ""), given)
    if name not in ACTIONS:
        raise Problem(422, "Unknown action", f"unknown action {brief(name)}{near_or_all(name, tuple(ACTIONS))}")
    said = run(ACTIONS[name], fields, environment, request, page.app)
    is_there = environment.name in request.world.environments
    address = Address(environment.name, request.query()) if is_there else Address(request.world.default.name, ())
    closes = said.successful and name == "create"  # its form would create a second one
    location = f"{address.tool('') if closes else address()}&said={page.said.keep(said)}"
    return Answer(b"", 303, {**HEADERS, "Location": location, "Content-Type": "text/plain; charset=utf-8"})


def _environment(request: MockRequest) -> Environment:
    """The environment that the query names, or else the token's environment. Raises Problem 401, 404."""
    name = request.query_value("environment")
    if name is None:
        return environment_of(request)
    try:
        environment = request.environment_or_none = request.world.by_name(name)
    except Missing as missing:
        detail = f"no environment is named {brief(name)}; it may be closed by now"
        raise Problem(404, missing.title, detail, near=near(name, list(request.world.environments))) from None
    return environment


def _show(page: _Page, request: MockRequest, environment: Environment, version: str) -> Answer:
    given, wrong = with_ids(request.query(), request, environment)
    said = page.said.find(request.query_value("said"))
    typed, address = said.typed if said else {}, Address(environment.name, given)
    variables = {
        **content_of(request, environment, address, wrong),
        "panel": panel_of(environment, address, typed),
        "outcome": said,
        "typed": lambda action: typed if typed.get("action") == action else {},
        "version": __version__,
    }
    body = rendered("page.html", variables)
    return Answer(body, headers={**HEADERS, "Content-Type": "text/html; charset=utf-8", "ETag": version})


def _file(name: str, kind: str, _: MockRequest) -> Answer:
    return Answer(own_file(f"static/{name}"), headers={**HEADERS, "Content-Type": f"{kind}; charset=utf-8"})
