"""How the admin routes are declared."""

from collections.abc import Callable

from flask import Flask, Response

from talkover_mock.admin.problems import Problem
from talkover_mock.dialect.errors import ApiError
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.web.request import this_request
from talkover_mock.web.routes import ADMIN, API, add_route, operation_of


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
