"""Stopping a server in the same process while a client keeps its connection open."""

import threading
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from benchmarks.figures import Figure, Sample, duration, seconds
from benchmarks.programs import DOCUMENTED_TOGGLE, Connection
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.files import default_fixture, load
from talkover_mock.web.server import Server

_STARTS = 200


def measure() -> Iterator[Figure]:
    stop = _stop(create_app(World(load([default_fixture()]))))
    stop()  # what is only made once is made now
    threads, descriptors = threading.active_count(), _descriptors()
    yield duration("stop with an idle connection open", 50, stop, _STARTS)
    yield Figure("threads left by 200 starts and stops", [threading.active_count() - threads], 0)
    yield Figure("descriptors left by 200 starts and stops", [_descriptors() - descriptors], 0)


def _stop(app: Flask) -> Sample:
    def sample() -> float:
        server = Server(app)
        server.start()
        with Connection(server.port) as connection:
            connection.call(DOCUMENTED_TOGGLE)
            return seconds(server.stop)

    return sample


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
