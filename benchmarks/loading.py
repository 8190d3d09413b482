"""Loading and checking a large fixture, against the bare parsers, which check nothing."""

import gc
import json
from collections.abc import Callable, Iterator

import yaml

from benchmarks.figures import Figure, Sample, ratio, seconds
from benchmarks.fixtures import json_file, yaml_file
from talkover_mock.loading.files import load

_WEBHOOKS = 10_000
_YAML_ROUNDS = 7


def measure() -> Iterator[Figure]:
    with yaml_file(_WEBHOOKS) as path:
        text, name = path.read_text(), "YAML of 10,000 webhooks, against PyYAML's C loader"
        yield ratio(name, 0.8, _collected(lambda: load([path])), _collected(lambda: _load_yaml(text)), _YAML_ROUNDS)
    with json_file(_WEBHOOKS) as path:
        text, name = path.read_text(), "JSON of 10,000 webhooks, against json.loads"
        yield ratio(name, 6, _collected(lambda: load([path])), _collected(lambda: json.loads(text)))


def _collected(action: Callable[[], object]) -> Sample:
    """Starts with nothing for the garbage collector to do but what the action gives it."""

    def sample() -> float:
        gc.collect()
        return seconds(action)

    return sample


def _load_yaml(text: str) -> object:
    return yaml.load(text, Loader=yaml.CSafeLoader)
