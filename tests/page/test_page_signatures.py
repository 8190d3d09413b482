"""The signature check of the page, by every scheme, and where there is nothing to check."""

from collections.abc import Callable
from typing import Any

import pytest

from talkover_mock.admin.page.signatures import check
from talkover_mock.deliveries.records import Delivery
from talkover_mock.dialect.signing import SCHEMES
from talkover_mock.environments.world import World
from tests.support.disturbed import add
from tests.support.documented import AGENT, WEBHOOK
from tests.support.stories import STARTED, emit, hook

FAR = "https://example.com/hook"
"""Captured: signed, recorded and never sent."""
SECRET = {"webhook_secret": "c2VjcmV0"}


def delivered(world: World) -> Delivery:
    [delivery] = emit(world.default)
    return delivery


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_signature_of_every_scheme_is_found_genuine(open_world: Callable[..., World], scheme: str) -> None:
    world = open_world(hook(FAR, **SECRET), settings={"signature_scheme": scheme})
    world.default.freeze()
    delivery = delivered(world)
    world.default.deliveries.advance(100)  # the time that was signed is long past
    found = check(delivery, world.default)
    assert found
    assert (found.genuine, found.header) == (True, SCHEMES[scheme].header)
    assert delivery.outgoing
    assert found.value == dict(delivery.outgoing.headers)[found.header]
    assert found.text == f"Genuine: it matches the webhook's secret and these {len(delivery.outgoing.body)} bytes."


def test_other_bytes_another_secret_or_a_header_in_its_place_are_not_genuine(open_world: Callable[..., World]) -> None:
    world = open_world(hook(FAR, **SECRET))
    delivery = delivered(world)
    assert delivery.outgoing
    changed = delivery._replace(outgoing=delivery.outgoing._replace(body=b"{}"))
    unsigned = delivery._replace(outgoing=delivery.outgoing._replace(headers=()))
    for each in (changed, unsigned):
        found = check(each, world.default)
        assert found
        assert found.genuine is False
    world.default.webhooks.update(AGENT, WEBHOOK, {"webhook_secret": "another"})
    found = check(delivery, world.default)
    assert found
    assert found.genuine is False


@pytest.mark.parametrize(
    ("action", "details", "fields", "genuine"),
    [
        ("bad_signature", {}, SECRET, False),
        ("bad_signature", {}, {}, False),
        ("tampered", {}, SECRET, False),
        ("tampered", {}, {}, None),
        ("skewed", {"seconds": -5000.0}, SECRET, True),
    ],
)
@pytest.mark.parametrize("scheme", ["hmac", "stripe"])
def test_a_forged_signature_names_its_fault(
    open_world: Callable[..., World],
    scheme: str,
    action: str,
    details: dict[str, Any],
    fields: dict[str, str],
    genuine: bool | None,
) -> None:
    world = open_world(hook(FAR, **fields), settings={"signature_scheme": scheme})
    add(world.default, action, **details)
    found = check(delivered(world), world.default)
    assert found
    assert found.genuine is genuine
    if genuine is False:
        assert found.text == f"Not genuine: fault-1 ({action}) struck."


def test_there_is_nothing_to_check_without_a_secret_a_webhook_or_a_request(open_world: Callable[..., World]) -> None:
    world = open_world(hook(FAR))
    delivery = delivered(world)
    found = check(delivery, world.default)
    assert found
    assert (found.genuine, found.text) == (None, "Not signed: the webhook has no secret.")
    assert check(delivery._replace(outgoing=None), world.default) is None
    world.default.webhooks.delete(AGENT, WEBHOOK)
    found = check(delivery, world.default)
    assert found
    assert (found.genuine, found.value) == (None, "")
    assert delivery.occurrence.event == STARTED
