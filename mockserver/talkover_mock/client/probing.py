"""The examination of a receiver for a test: probes that are answered otherwise than expected fail it."""

from collections.abc import Mapping

from talkover_mock.client.loops import loop_hints
from talkover_mock.client.types import Probed, ProbeOptions, Prober

__tracebackhide__ = True  # pytest shows the test's own line


def examine(
    prober: Prober | None, url: str, secret: str, settings: Mapping[str, object], options: ProbeOptions
) -> list[Probed]:
    """The probes with their answers; `settings` hold where `options` do not say otherwise. See `MockServer.probe`."""
    if prober is None:
        raise TypeError("this client was made without a prober; call talkover_mock.probe.probe(url, secret)")
    own = {name: value for name, value in settings.items() if name in ProbeOptions.__annotations__}
    try:
        probed = prober(url, secret, **{**own, **options})
    except ConnectionError as error:
        raise ConnectionError("\n".join([str(error), *loop_hints()])) from None
    failed = [f"{_line(each)}. {each['why']}" for each in probed if not each["passed"]]
    if failed:
        raise AssertionError("\n  ".join([f"{url} failed {len(failed)} of {len(probed)} probes:", *failed]))
    return probed


def _line(probed: Probed) -> str:
    return f"{probed['name']}: expected {probed['expected']}, got {got(probed)}"


def got(probed: Probed) -> str:
    """`401`, `200 and 409`, or the reason why there was no answer."""
    return probed["error"] or " and ".join(map(str, probed["statuses"]))
