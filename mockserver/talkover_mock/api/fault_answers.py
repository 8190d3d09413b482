"""What a fault does to a request: the answer in the API's place, the delay before it, or the end of the connection."""

import json
from collections.abc import Callable
from http import HTTPStatus

from talkover_mock.api.routing import worded
from talkover_mock.base import patterns
from talkover_mock.base.shapes.values import Preset
from talkover_mock.base.signals import Signal
from talkover_mock.dialect.endpoints import READS
from talkover_mock.dialect.errors import AgentNotFound
from talkover_mock.environments.call_faults import PRESETS, STALE, CallFault, Respond
from talkover_mock.environments.faults import Fault, Faults
from talkover_mock.state.records import Stub
from talkover_mock.web.answers import API_HEADERS, Answer, HalfAnswer, NoAnswer, error_answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.waiting import Waiting

_LONGEST_HANG_SECONDS = 3_600.0
_UNTOUCHED = b'{"success":true,"message":"A fault answered: nothing was done","data":{}}'
"""What there is to cut or to spoil when the operation did not happen."""


def strike(request: MockRequest, faults: Faults) -> Fault[CallFault] | None:
    """The fault that hits the request."""
    fault = faults.strike(CallFault, lambda spec: _matches(request, spec))
    request.struck = fault
    return fault


def struck_answer(request: MockRequest, fault: Fault[CallFault], operate: Callable[[], Answer]) -> Answer | Waiting:
    """What the client gets, after the fault's delay.

    `operate` does what the API would do, and is called only if the fault lets it happen.
    """
    if fault.spec.delay_seconds:
        return Waiting(fault.ended, fault.spec.delay_seconds, lambda: _after_delay(request, fault, operate))
    return _after_delay(request, fault, operate)


def held(fault: Fault[CallFault], go_on: Callable[[], Answer]) -> Waiting:
    """Waits until the fault ends, and then calls `go_on`, whether or not the client is still there."""
    answers: list[Answer] = []
    answered = Signal()

    def end() -> None:
        answers.append(go_on())
        answered.set()

    fault.ended.call(end)
    return _Held(answered, _LONGEST_HANG_SECONDS, lambda: answers[0] if answers else NoAnswer())


class _Held(Waiting):
    """A wait whose answer is recorded when the fault ends; nothing finishes it a second time."""

    def continued(self, finish: Callable[[Callable[[], Answer | Waiting]], Answer | Waiting]) -> Waiting:
        return self


def _after_delay(request: MockRequest, fault: Fault[CallFault], operate: Callable[[], Answer]) -> Answer | Waiting:
    spec = fault.spec
    if fault.forgotten:
        return NoAnswer()
    if not spec.replaces:
        return operate()
    done = operate() if spec.apply else None
    if spec.action:
        return _act(fault, spec.action, done)
    return respond(spec.respond) if spec.respond else _preset(request, spec, spec.preset or "server_error")


def _preset(request: MockRequest, spec: CallFault, preset: Preset) -> Answer:
    """The documented body, in the words of the route, with the headers that the fault adds or replaces."""
    error = PRESETS[preset]()
    if isinstance(error, AgentNotFound):
        error.id = request.ids.get("agent_id", error.id)  # the vendor repeats it where a call is placed
    error = worded(error, request.route)
    answer = error_answer(error)
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        answer.headers["X-RateLimit-Remaining"] = "0"
    given = {name.lower() for name in spec.headers}
    answer.headers = {name: value for name, value in answer.headers.items() if name.lower() not in given}
    answer.headers |= spec.headers
    return answer


def _matches(request: MockRequest, spec: CallFault) -> bool:
    if spec.method not in (None, request.method) or (spec.action == STALE and request.method not in READS):
        return False
    if spec.path is not None and not patterns.matches_path(request.path, spec.path):
        return False
    return spec.content.is_any or spec.content.is_in(request.sent)


def _act(fault: Fault[CallFault], action: str, done: Answer | None) -> Answer | Waiting:
    if action == "hang":
        return Waiting(fault.ended, _LONGEST_HANG_SECONDS, NoAnswer)
    if action == "connection_reset":
        return NoAnswer()
    whole = done or Answer(_UNTOUCHED)
    if action == "truncated_body":
        return HalfAnswer(whole.body, whole.status_code, whole.headers)
    return Answer(whole.body[: len(whole.body) // 2], whole.status_code, whole.headers)


def respond(wanted: Respond | Stub) -> Answer:
    """The answer that a test defines."""
    is_text = isinstance(wanted.body, str)
    text = "" if wanted.body is None else wanted.body if is_text else json.dumps(wanted.body, separators=(",", ":"))
    kind = {"Content-Type": "text/plain; charset=utf-8"} if is_text else {}
    given = {name.lower() for name in wanted.headers}
    own = {name: value for name, value in {**API_HEADERS, **kind}.items() if name.lower() not in given}
    return Answer(text.encode(), wanted.status, {**own, **wanted.headers})
