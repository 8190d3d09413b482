"""How the admin routes are declared."""

from collections.abc import Callable

from flask import Flask, Response

from mockserver.environment import Environment
from mockserver.errors import ApiError
from mockserver.problems import Problem
from mockserver.request import this_request
from mockserver.web_routes import ADMIN, API, add_route, operation_of
from mockserver.world import World


class Admin:
    """Where admin modules declare their routes, relative to `/__admin`."""

    def __init__(self, app: Flask, world: World) -> None:
        self._app = app
        self.world = world

    def route(self, method: str, path: str, view: Callable[..., Response]) -> None:
        add_route(self._app, method, ADMIN + path, view)

    def operations(self) -> list[str]:
        """The API's own routes, as the journal names them."""
        rules = self._app.url_map.iter_rules()
        return sorted(operation_of(rule.endpoint) for rule in rules if rule.rule.startswith(API + "/"))

    def environment(self) -> Environment:
        """The environment that this request acts on: its token's, or the default one without a token.

        Raises Problem 401 for a token that opens nothing.
        """
        token = this_request().bearer_token
        try:
            environment = self.world.by_token(token) if token else self.world.default
        except ApiError as error:
            raise Problem(401, "The token opens no environment", error.reason) from None
        this_request().opened = environment
        return environment
