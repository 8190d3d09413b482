"""The harness's client: the admin routes of a running server as methods. Imports nothing else of the package."""

from types import TracebackType
from typing import Any, cast

import requests

_TIMEOUT = 30.0


class MockServerError(Exception):
    """A refused admin request; `problem` is the problem document, `status` the HTTP status."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        lines = [f"{status} {problem.get('title', '')}: {problem.get('detail', '')}"]
        lines += [f"  {each.get('path', '')}: {each.get('message', '')}" for each in problem.get("errors", [])]
        super().__init__("\n".join(lines))
        self.status, self.problem = status, problem


class MockServer:
    """One environment of a running server: where it is, how to get in, and how to look inside.

    `url` is the server's root, `api_url` where the vendor's base URL goes, `token` the environment's, and
    `headers` what a request to the API needs. Without `token` it is the default environment's.
    """

    def __init__(
        self, url: str, token: str | None = None, name: str = "default", admin_token: str | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.api_url = f"{self.url}/api/v1"
        self.token = token or "talq_default"
        self.name = name
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine has no business here
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        if admin_token:
            self._session.headers["X-Mockserver-Admin-Token"] = admin_token
        self._admin_token = admin_token

    @property
    def headers(self) -> dict[str, str]:
        """A new dictionary each time, free to add to."""
        return {"Authorization": f"Bearer {self.token}"}

    def health(self) -> dict[str, Any]:
        return self._call("GET", "health")

    def state(self) -> dict[str, Any]:
        """The environment's agents and webhooks, in the format of a fixture."""
        return self._call("GET", "state")

    def replace_state(self, fixture: dict[str, Any]) -> dict[str, Any]:
        """Another state; `reset` still goes back to the baseline. Returns the state."""
        return self._call("PUT", "state", fixture)

    def merge_state(self, fixture: dict[str, Any]) -> dict[str, Any]:
        """Lays a fixture over the state by id; what is not given stays. Returns the state."""
        return self._call("PATCH", "state", fixture)

    def agent(self, agent_id: str) -> dict[str, Any]:
        """One agent as the state holds it, with its webhooks. Raises KeyError."""
        return _by_id(self.state()["agents"], agent_id)

    def webhook(self, webhook_id: str) -> dict[str, Any]:
        """One webhook as the state holds it, whichever agent's it is. Raises KeyError."""
        return _by_id([each for agent in self.state()["agents"] for each in agent["webhooks"]], webhook_id)

    def reset(self) -> None:
        """Back to the baseline."""
        self._call("POST", "reset")

    def open_environment(
        self,
        name: str | None = None,
        token: str | None = None,
        from_: str | None = None,
        fixture: dict[str, Any] | None = None,
    ) -> "MockServer":
        """An isolated environment on this one's baseline, on that of `from_`, or on a fixture. `close` it after use."""
        wanted = {"name": name, "token": token, "from": from_, "fixture": fixture}
        opened = self._call("POST", "environments", wanted)
        return MockServer(self.url, opened["token"], opened["name"], self._admin_token)

    def close(self) -> list[str]:
        """Ends an opened environment and the connection. Returns the tracebacks of the server's own crashes."""
        try:
            return cast(list[str], self._call("DELETE", f"environments/{self.name}")["errors"])
        finally:
            self.disconnect()

    def disconnect(self) -> None:
        """Ends the connection; the environment stays."""
        self._session.close()

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        status, found = self._exchange(method, path, body)
        if status < 400:
            return found
        raise MockServerError(status, found)

    def _exchange(self, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
        """The answer's status and document. The answer itself holds the connection, and the error must not."""
        answer = self._session.request(method, f"{self.url}/__admin/{path}", json=body, timeout=_TIMEOUT)
        return answer.status_code, answer.json() if answer.ok else _problem(answer)

    def __enter__(self) -> "MockServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()


def _by_id(records: list[dict[str, Any]], id: str) -> dict[str, Any]:
    for record in records:
        if record["id"] == id:
            return record
    raise KeyError(f"no record has the id {id!r}; there are {', '.join(record['id'] for record in records) or 'none'}")


def _problem(answer: requests.Response) -> dict[str, Any]:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "title" in problem:
        return problem
    return {"title": answer.reason, "detail": " ".join(answer.text.split())[:200]}
