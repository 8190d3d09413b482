"""One client's calls to the API in a soak, and the faults that it has set for them, each with its own model."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from random import Random
from typing import Any
from urllib.parse import urlsplit

from talkover_mock.client import MockServer
from tests.support.model import Json

LOST = ("connection_reset", "hang")
PRESETS = {"missing_token": 401, "webhook_not_found": 404, "rate_limited": 429, "server_error": 500, "maintenance": 503}
_PATIENCE, _IMPATIENCE = 60.0, 0.2
"""Seconds for an answer: one that comes, and one that never will."""


@dataclass
class AddedFault:
    """A fault as the client has asked for it, counted as the contract says."""

    id: str
    spec: Json
    random: Random = field(default_factory=Random)
    matched: int = 0
    struck: int = 0

    def strikes(self, method: str) -> bool:
        if self.spec["match"].get("method") not in (None, method):
            return False
        self.matched += 1
        if self.struck >= self.spec["times"] or self.matched <= self.spec["after"]:
            return False
        if self.random.random() >= self.spec["probability"]:
            return False
        self.struck += 1
        return True

    @property
    def action(self) -> str | None:
        return self.spec.get("action")

    @property
    def status(self) -> int | None:
        """Of the answer that it gives; `None` when there is none."""
        if self.action in LOST:
            return None
        if "preset" in self.spec:
            return PRESETS[self.spec["preset"]]
        return int(self.spec.get("respond", {}).get("status", 200))

    @property
    def replaces(self) -> bool:
        return any(kind in self.spec for kind in ("preset", "respond", "action"))


@dataclass(frozen=True)
class Called:
    """A call as the journal must have it."""

    method: str
    path: str
    status: int | None
    fault: str | None


class ApiClient:
    """Calls the API about one agent, over a connection that stays as long as faults let it.

    What comes is checked against the faults that this client has added; the journal that it must have led to is kept.
    """

    def __init__(self, server: MockServer, agent: str) -> None:
        self.server, self.agent = server, agent
        self.agent_root = f"/api/v1/agents/{agent}"
        self.root = f"{self.agent_root}/webhooks"
        self.calls: list[Called] = []
        self.faults: list[AddedFault] = []
        address = urlsplit(server.url)
        self._connection = HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE)

    def add_fault(self, spec: Json) -> None:
        """One that only this client's calls can meet."""
        spec = {**spec, "match": {**spec.get("match", {}), "path": f"*/agents/{self.agent}/*"}}
        added = AddedFault(self.server.add_fault(**_named(spec))["id"], spec, Random(spec["seed"]))  # noqa: S311
        self.faults.append(added)

    def remove_fault(self, fault: AddedFault) -> None:
        self.server.remove_fault(fault.id)
        self.faults.remove(fault)

    def call(
        self, method: str, rest: str = "", body: Json | None = None, root: str = ""
    ) -> tuple[int, Any] | AddedFault:
        """The answer's status and document, or the fault that gave another answer."""
        path = (root or self.root) + rest
        is_others = not path.startswith(self.agent_root)
        fault = None if is_others else next((each for each in self.faults if each.strikes(method)), None)
        replaced = fault if fault and fault.replaces else None
        status, text, reason = self._exchange(method, path, body, replaced)
        if not is_others:
            self.calls.append(Called(method, path, status, fault.id if fault else None))
        if replaced is None:
            assert status is not None
            assert text is not None
            assert status < 500, f"{method} {path} was answered {status}: {reason} {text!r}"
            assert (f"{fault.id} (" in reason) if fault else ("struck" not in reason), f"{fault} and {reason!r}"
            return status, json.loads(text)
        self._check_struck(replaced, status, text, reason)
        return replaced

    def close(self) -> None:
        self._connection.close()

    def _exchange(
        self, method: str, path: str, body: Json | None, fault: AddedFault | None
    ) -> tuple[int | None, bytes | None, str]:
        """Status, body and reason. Without a status nothing was answered, without a body only a part of it."""
        hangs = fault is not None and fault.action == "hang"
        connection = self._connection
        headers = {**self.server.headers, "Content-Type": "application/json"}
        try:
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(_IMPATIENCE if hangs else _PATIENCE)
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            return self._read(connection.getresponse())
        except (OSError, HTTPException):
            connection.close()
            if fault is None or fault.action not in LOST:
                raise
        if hangs:  # the server has to notice that this client is gone
            self.server.requests(fault=fault.id if fault else None, min=fault.struck if fault else 0, wait=_PATIENCE)
        return None, None, ""

    def _read(self, answer: HTTPResponse) -> tuple[int, bytes | None, str]:
        reason = answer.headers.get("X-Mockserver-Reason", "")
        try:
            return answer.status, answer.read(), reason
        except (OSError, HTTPException):
            self._connection.close()
            return answer.status, None, reason

    def _check_struck(self, fault: AddedFault, status: int | None, text: bytes | None, reason: str) -> None:
        assert status == fault.status, f"{fault} was answered {status}"
        assert (text is None) == (fault.action in (*LOST, "truncated_body")), f"{fault} was answered {text!r}"
        assert status is None or f"{fault.id} (" in reason, f"{fault} and {reason!r}"


def _named(spec: Json) -> Json:
    """The arguments of the client's `add_fault`, which takes the name of a preset or an action."""
    given = {key: value for key, value in spec.items() if key not in ("preset", "action")}
    return {"name": spec.get("preset") or spec.get("action"), **given}


def random_faults(choice: Random, may_apply: bool) -> Iterator[Json]:
    """Faults of every kind, for ever."""
    while True:
        kind = choice.choice(("preset", "respond", "action", "delay"))
        spec: Json = {
            "times": choice.randint(1, 3),
            "after": choice.randint(0, 2),
            "probability": choice.choice((1, 1, 0.5)),
            "seed": choice.randrange(1000),
            "delay_seconds": choice.choice((0, 0, 0.005)),
        }
        if kind == "preset":
            spec["preset"] = choice.choice([*PRESETS])
        elif kind == "respond":
            spec["respond"] = {"status": choice.choice((418, 200)), "headers": {"X-Of": "the soak"}, "body": {"a": 1}}
        elif kind == "action":
            spec["action"] = choice.choice((*LOST, *LOST[:1] * 3, "truncated_body", "malformed_json"))
        else:
            spec["delay_seconds"] = choice.randint(1, 20) / 1000
        if may_apply and kind != "delay" and choice.random() < 0.3:
            spec |= {"apply": True, "match": {"method": "PATCH"}}
        yield spec
