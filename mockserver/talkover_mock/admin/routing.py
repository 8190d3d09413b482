"""How the admin routes are declared, and how a request to one of them is answered."""

from collections.abc import Callable, Mapping, Sequence

from talkover_mock.admin.problems import Problem
from talkover_mock.dialect.errors import ApiError
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import ADMIN, Route, Routes


class Admin:
    """Where admin modules declare their routes, relative to `/__admin`.

    `operations` are the API's own routes, as the journal names them.
    """

    def __init__(self, world: World, operations: Sequence[str]) -> None:
        self.world, self.operations = world, operations
        self.routes = Routes()

    def route(self, method: str, path: str, view: Callable[..., Answer]) -> None:
        """A route that acts on one environment; `view` takes the request, the environment and the path's ids."""
        self.routes.add(Route(method, ADMIN + path, view, environment_of))

    def public_route(self, method: str, path: str, view: Callable[..., Answer]) -> None:
        """A route that acts on no environment, or finds it by itself; `view` takes the request and the path's ids."""
        self.routes.add(Route(method, ADMIN + path, view))


def answer(request: MockRequest, route: Route, ids: Mapping[str, str]) -> Answer:
    """What the route's view answers. Raises Problem, and what `admin.problems` makes problems of."""
    environment = () if route.access is None else (route.access(request),)
    answered: Answer = route.view(request, *environment, **ids)
    return answered


def environment_of(request: MockRequest) -> Environment:
    """The environment that the request acts on: its token's, or the default one without a token.

    Raises Problem 401 for a token that opens nothing.
    """
    token = request.bearer_token
    try:
        environment = request.world.by_token(token) if token else request.world.default
    except ApiError as error:
        raise Problem(401, "The token opens no environment", error.reason) from None
    request.environment_or_none = environment
    return environment
