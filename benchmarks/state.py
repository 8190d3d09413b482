"""What reset and environments cost, however large the fixture is."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import ROUNDS, Figure, Sample, duration, ratio, seconds, typical
from benchmarks.fixtures import agent_id, json_file, webhook_id
from benchmarks.programs import MOCK, Connection, request, running, toggle
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.loading.files import load

_FEW, _MANY, _BASELINE, _OPENED = 10, 100_000, 10_000, 1_000
_TOGGLE = toggle(agent_id(0), webhook_id(0))
_RESET = request("POST", "/__admin/reset")
_OPEN = request("POST", "/__admin/environments", b'{"name": "opened"}')
_CLOSE = request("DELETE", "/__admin/environments/opened")


def measure() -> Iterator[Figure]:
    with json_file(_MANY) as large, json_file(_FEW) as small:
        yield from _resets(large, small)
        yield from _resets_over_http(large, small)
    with json_file(_BASELINE) as path:
        with running(_serving(path)) as mock:
            yield duration("open an environment on 10,000 webhooks, over HTTP", 1, lambda: typical(_open(mock), 50))
        world = World(load([path]))
    yield Figure("1,000 environments, each with a toggle", [_megabytes(world) for _ in range(ROUNDS)], 10, "MB")


def _resets(large: Path, small: Path) -> Iterator[Figure]:
    many, few = World(load([large])).default, World(load([small])).default
    name = "reset with 100,000 webhooks, against 10"
    yield ratio(name, 1.2, lambda: typical(_reset(many), 1000), lambda: typical(_reset(few), 1000))


def _resets_over_http(large: Path, small: Path) -> Iterator[Figure]:
    with running(_serving(large)) as many, running(_serving(small)) as few:
        name = "reset with 100,000 webhooks, against 10, over HTTP"
        yield ratio(name, 1.2, lambda: typical(_post_reset(many), 100), lambda: typical(_post_reset(few), 100))
        yield duration("reset with 100,000 webhooks, over HTTP", 1, lambda: typical(_post_reset(many), 100))


def _serving(fixture: Path) -> tuple[str, ...]:
    return (*MOCK, "--fixtures", str(fixture))


def _reset(environment: Environment) -> Sample:
    def sample() -> float:
        environment.webhooks.toggle(agent_id(0), webhook_id(0))
        return seconds(environment.reset)

    return sample


def _post_reset(mock: Connection) -> Sample:
    def sample() -> float:
        mock.call(_TOGGLE)
        return seconds(lambda: mock.call(_RESET))

    return sample


def _open(mock: Connection) -> Sample:
    def sample() -> float:
        elapsed = seconds(lambda: mock.call(_OPEN))
        mock.call(_CLOSE)
        return elapsed

    return sample


def _megabytes(world: World) -> float:
    """What environments on the world's baseline hold while they are open."""
    tracemalloc.start()
    opened = [world.open(world.default) for _ in range(_OPENED)]
    for environment in opened:
        environment.webhooks.toggle(agent_id(0), webhook_id(0))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for environment in opened:
        world.close(environment.name)
    return held / 1e6
