"""A request and its answer as the journal keeps them: little work now, the rest when somebody looks."""

from datetime import datetime

from talkover_mock.base.real_time import RealTime
from talkover_mock.base.shapes.values import Maker
from talkover_mock.environments.journal import Exchange, Making
from talkover_mock.web.answers import REASON, Answer
from talkover_mock.web.request import MockRequest

MOST_BODY_BYTES = 64 * 1024


def exchange_of(request: MockRequest, answer: Answer, moment: datetime, under_way: bool = False) -> Making:
    """Makes the exchange once its numbers are known."""

    def make(number: int, arrival: int) -> Exchange:
        head, size = request.head.without_tokens() if request.world.mask_tokens else request.head, request.size
        received = request.body[:MOST_BODY_BYTES] if size else b""
        sent = b"" if request.method == "HEAD" else answer.body
        kept = sent[:MOST_BODY_BYTES]
        struck, target = request.struck, request.target
        by: Maker = "page" if request.is_by_page else "api"
        return Exchange(
            number,
            moment,
            request.method,
            target,
            request.route.operation if request.route else None,
            answer.status_code or None,
            (RealTime.perf_counter() - request.started) * 1000,
            answer.headers.get(REASON, ""),
            request.fault,
            head,
            received,
            size,
            answer.headers,
            kept,
            len(sent),
            head.size + len(target) + len(received) + len(kept),
            struck is not None and struck.spec.replaces,
            request.applied if struck else None,
            under_way,
            by,
            arrival,
        )

    return make
