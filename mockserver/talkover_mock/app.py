"""The mock as one application: `/__admin` goes to the admin application, everything else to the API's."""

from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING

from talkover_mock.admin.guard import Guard
from talkover_mock.api.app import ApiApplication
from talkover_mock.environments.world import World
from talkover_mock.web.origins import Origins
from talkover_mock.web.request_log import Log

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask


def create_app(
    world: World, guard: Guard | None = None, log: Log | None = None, origins: Origins | None = None
) -> "Flask":
    """The Flask application with the API, and with the admin routes where there is a `guard` for them.

    `log` gets a line for each request; `origins` are the web pages that may call the API, by default the guard's.
    The API's routes are in `url_map` too, but a call to them is answered in front of Flask, without a request context:
    hooks run for the admin routes only.
    """
    from flask import Flask

    api = _api(world, guard, log, origins)
    app = _admin(world, guard, log) if guard else Flask("talkover_mock", static_folder=None)
    for route in api.routes:
        app.add_url_rule(route.path, route.operation, methods=[route.method], provide_automatic_options=False)
    app.extensions["talkover_mock"] = world
    behind = _put_in_front(api, app)
    api.otherwise = behind if guard else None
    return app


def create_wsgi_app(
    world: World, guard: Guard | None = None, log: Log | None = None, origins: Origins | None = None
) -> ApiApplication:
    """The same application, which answers the API sooner: the admin side is imported when its first request comes."""
    api = _api(world, guard, log, origins)
    if guard:
        api.otherwise = _Late(lambda: _put_in_front(api, _admin(world, guard, log)))
    return api


class _Late:
    """A WSGI application that is made when its first request comes."""

    def __init__(self, make: "Callable[[], WSGIApplication]") -> None:
        self._make, self._making = make, Lock()
        self._made: WSGIApplication | None = None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self._made is None:
            with self._making:
                self._made = self._made or self._make()
        return self._made(environ, start_response)


def _api(world: World, guard: Guard | None, log: Log | None, origins: Origins | None) -> ApiApplication:
    return ApiApplication(world, log, origins=origins or (guard.origins if guard else None))


def _admin(world: World, guard: Guard, log: Log | None) -> "Flask":
    from talkover_mock.admin.app import create_admin

    return create_admin(world, guard, log)


def _put_in_front(api: ApiApplication, app: "Flask") -> "WSGIApplication":
    """Puts the API in front of Flask's application, where also the page's buttons ask; returns what is behind it."""
    behind, app.wsgi_app = app.wsgi_app, api  # type: ignore[method-assign]  # as Flask documents it for middleware
    return behind
