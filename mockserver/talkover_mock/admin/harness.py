"""The admin routes for a client in the server's own process: the same views and problems, without HTTP and guard."""

import json
import os
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from talkover_mock.admin.bodies import DocumentAnswer
from talkover_mock.admin.routing import Answers
from talkover_mock.admin.table import admin_routes
from talkover_mock.environments.world import World
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import ADMIN
from talkover_mock.web.waiting import Waiting


class Harness:
    """The admin routes of one world; `url` is where clients find the server."""

    def __init__(self, world: World, url: str) -> None:
        self._world, self._routes = world, admin_routes()
        self._answers = Answers(self._routes)
        self._host = url.partition("://")[2]
        self.process = os.getpid()

    def answer(self, method: str, path: str, query: str, sent: bytes, token: str | None) -> tuple[int, Any]:
        """The status and the document, or the text, of one admin request; a wait blocks this thread."""
        request = MockRequest(
            {
                "REQUEST_METHOD": method,
                "PATH_INFO": unquote_to_bytes(f"{ADMIN}/{path}").decode("latin-1"),
                "QUERY_STRING": query,
                "CONTENT_TYPE": "application/json" if sent else "",
                "CONTENT_LENGTH": str(len(sent)),
                "HTTP_HOST": self._host,
                **({"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}),
                "wsgi.input": BytesIO(sent),
                "wsgi.url_scheme": "http",
            },
            self._world,
        )
        answer = self._answer(request)
        if isinstance(answer, Waiting):
            answer = answer.block(request.connection)
        if isinstance(answer, DocumentAnswer):  # a copy: what the test does to it is its own affair
            return answer.status_code, json.loads(json.dumps(answer.document))
        return answer.status_code, answer.body.decode()

    def _answer(self, request: MockRequest) -> Answer | Waiting:
        match = self._routes.match(request.path)
        route = match.route(request.method) if match else None
        if match is None or route is None:
            return self._answers.refuse(request, self._answers.no_route(request.path))
        return self._answers.answer(request, route, match.ids)
