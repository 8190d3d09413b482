"""Where the webhooks of a soak lead: a receiver that answers by path, and counts instead of keeping."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from talkover_mock.base.shapes.deliveries import Delivery
from talkover_mock.receiver import Answer, ReceivedRequest, WebhookReceiver

Arrival = tuple[str, str, str | None]
"""The path, the webhook's id, and the call's; a test has no call."""


class CountingReceiver(WebhookReceiver):
    """Paths are /ENVIRONMENT/AGENT/ok, /slow or /fails; what comes is counted by environment and round."""

    def __init__(self) -> None:
        super().__init__()
        self._arrivals: dict[tuple[str, int | None], Counter[Arrival]] = {}

    @property
    def root(self) -> str:
        return self.url.removesuffix("/webhook")

    def take(self, request: ReceivedRequest) -> Answer:
        body, path = request.json, urlsplit(request.path).path
        round = body.get("round", body.get("context", {}).get("round"))
        key, arrival = (path.split("/")[1], round), (path, body["webhook_id"], body.get("call_id"))
        with self._changed:
            self._arrivals.setdefault(key, Counter())[arrival] += 1
        return Answer(500 if path.endswith("/fails") else 200, delay_seconds=0.02 if path.endswith("/slow") else 0)

    def collect(self, environment: str, round: int | None) -> Counter[Arrival]:
        """What came to the environment of a round, or of its tests, which know of none, since it was last collected."""
        with self._changed:
            return self._arrivals.pop((environment, round), Counter())


@contextmanager
def counting_receiver() -> Iterator[CountingReceiver]:
    receiver = CountingReceiver()
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def sent(row: Delivery, url: str, body: str) -> Arrival:
    """A row of the log as the receiver must have counted it."""
    call = json.loads(body).get("call_id")
    return urlsplit(url).path, row["webhook_id"], call
