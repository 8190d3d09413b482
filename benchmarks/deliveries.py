"""Deliveries to a receiver on this machine, against the same POST made by a bare `requests.Session`."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import requests

from benchmarks.figures import Figure, Sample, interleaved, ratio_of, seconds, typical
from benchmarks.programs import RECEIVER, running
from talkover_mock.deliveries.records import Delivery, Outgoing
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source

_AGENT, _EVENT = "9fbef0b7-8d4e-4a08-9207-66c22155721d", "event_phone_call_started"
_EVENTS, _ROUNDS, _SINGLES, _WAIT = 200, 15, 40, 120.0
_OTHERS, _SLOW = 4, "slow"
_FULL, _MANY, _KEPT = 10_000, 100_000, 5_000


def measure() -> Iterator[Figure]:
    with running(RECEIVER) as receiver:
        url = f"http://127.0.0.1:{receiver.port}"
        yield from _one_receiver(url)
        yield _beside_a_slow_one(url)
    yield _memory()


def _one_receiver(url: str) -> Iterator[Figure]:
    """The bare loop sends what the pump sent, over a connection that stays."""
    with _environment(_hook("one", url)) as environment, requests.Session() as session:
        session.trust_env = False
        outgoing = _outgoing(environment)
        rounds = interleaved(_events(environment, 1), _posts(session, outgoing), _ROUNDS)
        yield ratio_of("200 events, against 200 POSTs of requests.Session", 2, rounds)
        ours, theirs = _delay_of_an_event(environment), _delay_of_a_post(session, outgoing)
        yield ratio_of("event to first byte received, against a POST", 2, interleaved(ours, theirs, _ROUNDS))


def _beside_a_slow_one(url: str) -> Figure:
    """The same events to the same four; a fifth takes two seconds for each, or is disabled."""
    hooks = [_hook(f"{number}", url) for number in range(_OTHERS)]
    slow = _hook(_SLOW, f"{url}/slow")
    with _environment(*hooks, slow) as beside, _environment(*hooks, {**slow, "enabled": False}) as alone:
        rounds = interleaved(_events(beside, _OTHERS), _events(alone, _OTHERS), _ROUNDS)
    return ratio_of("200 events to four, beside one that takes 2 s", 1.1, rounds)


def _memory() -> Figure:
    """What 90,000 deliveries add to a log that is full. They are captured, which is all of it but the sending."""
    with _environment(_hook("one", "https://example.com/webhook")) as environment:
        events = _events(environment, 1, keep=True)
        tracemalloc.start()
        held = []
        for count in (_FULL, _MANY - _FULL):
            for _ in range(count // _EVENTS):
                events()
            held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    return Figure("memory after 100,000 deliveries, beyond 10,000", [(held[1] - held[0]) / 1e6], 1, "MB")


def _hook(id: str, url: str) -> dict[str, Any]:
    return {"id": id, "name": "My Webhook", "webhook_url": url, "events": [_EVENT], "webhook_secret": "secret"}


@contextmanager
def _environment(*hooks: dict[str, Any]) -> Iterator[Environment]:
    fixture = {"agents": [{"id": _AGENT, "name": "My Agent", "webhooks": list(hooks)}]}
    world = World(read_fixture([Source("fixture", "", fixture)]), most_kept=_KEPT)
    try:
        yield world.default
    finally:
        world.stop()


def _events(environment: Environment, webhooks: int, keep: bool = False) -> Sample:
    """Until these webhooks have got all events; then a reset ends what the slow one has not, unless it is to `keep`."""

    def sample() -> float:
        begin = monotonic()
        emitted = [environment.deliveries.emit(_AGENT, _EVENT) for _ in range(_EVENTS)]
        first = emitted[0].occurrence.moment
        wanted = _EVENTS * webhooks
        found = emitted[0].log.watch(
            lambda each: each.webhook_id != _SLOW and each.occurrence.moment >= first, wanted, None, _WAIT
        )
        elapsed = monotonic() - begin
        if not found.satisfied:
            raise RuntimeError(f"{found.count} of {wanted} deliveries came in {_WAIT} seconds")
        if not keep:
            environment.reset()
        return elapsed

    return sample


def _posts(session: requests.Session, outgoing: Outgoing) -> Sample:
    return lambda: seconds(lambda: [_post(session, outgoing) for _ in range(_EVENTS)])


def _post(session: requests.Session, outgoing: Outgoing) -> str:
    headers = {name: value for name, value in outgoing.headers if name not in ("Connection", "Host")}
    return session.post(outgoing.url, data=outgoing.body, headers=headers, timeout=outgoing.timeout).text


def _delivered(environment: Environment) -> Delivery:
    emitted = environment.deliveries.emit(_AGENT, _EVENT)
    return emitted.log.watch(lambda each: each.occurrence is emitted.occurrence, 1, None, _WAIT).items[0]


def _outgoing(environment: Environment) -> Outgoing:
    """A request as the pump sends it."""
    outgoing = _delivered(environment).outgoing
    if outgoing is None:
        raise RuntimeError("nothing was sent")
    return outgoing


def _delay_of_an_event(environment: Environment) -> Sample:
    """The receiver answers with the moment at which the first byte came."""

    def sample() -> float:
        begin = monotonic()
        outcome = _delivered(environment).outcome
        return float(outcome.body if outcome else "nan") - begin

    return lambda: typical(sample, _SINGLES)


def _delay_of_a_post(session: requests.Session, outgoing: Outgoing) -> Sample:
    def sample() -> float:
        begin = monotonic()
        return float(_post(session, outgoing)) - begin

    return lambda: typical(sample, _SINGLES)
