"""What no fixture can have is taken out of an account, and takes nothing else with it."""

from typing import Any

import pytest

from talkover_mock.learning.sifting import Sieve
from talkover_mock.learning.writing import literal
from talkover_mock.loading.fixture import read_fixture
from tests.support.fixture_documents import source


def webhook(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "name": "W", "webhook_url": "https://a.example", "events": ["event_action"], **more}


def agent(id: str, *webhooks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": id, "name": "A", **more, "webhooks": list(webhooks)}


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else 1


def sifted(*agents: dict[str, Any], campaigns: Any = ()) -> tuple[dict[str, Any], list[str]]:
    sieve = Sieve()
    document = sieve.sifted({"agents": agents, "campaigns": campaigns})
    read_fixture([source(literal(document))])
    return document, sieve.notes


def test_good_webhooks_beside_bad_ones_stay_whatever_their_order() -> None:
    new, bad = {"events": ["event_new"]}, {"webhook_url": "nope", "timeout": 10**400}
    hooks = [
        webhook("w-1", **new),
        webhook("w-2"),
        webhook("w-3", **bad),
        webhook("w-4"),
        webhook("w-5", **new, **bad),
        webhook("w-6", timeout=-1),
    ]
    document, notes = sifted(agent("a", *hooks), agent("b", *(webhook(f"{each['id']}b") for each in hooks)))
    first, second = document["agents"]
    assert [each["id"] for each in first["webhooks"]] == ["w-2", "w-4", "w-6"]
    assert "timeout" not in first["webhooks"][2]
    assert len(second["webhooks"]) == len(hooks)
    for id in ("w-1", "w-3", "w-5"):
        assert any(note.startswith(f'Left out: webhook "{id}" of agent "a", since ') for note in notes)


def test_keys_with_dots_brackets_and_numbers_are_dropped_alone() -> None:
    odd = {
        **{key: nested(120) for key in ("a.b", "a[0]", "0")},
        "a.c": 1,
        "x": {"y.z": nested(120)},
        "languge": "x",
        "$": "${X}",
    }
    document, notes = sifted(agent("a", webhook("w-1"), **odd))
    [kept] = document["agents"]
    assert (kept["a.c"], kept["$"], len(kept["webhooks"])) == (1, "${X}", 1)
    assert "languge" not in kept
    assert [note for note in notes if note.startswith("Left out: agent")] == []


def test_an_account_of_nothing_but_bad_records_is_empty() -> None:
    campaign = {"id": "c", "name": "C", "agent_id": "a b", "webhooks": [webhook("w-2", events=["campaign.started"])]}
    document, notes = sifted(agent("a b", webhook("w-1")), agent("c", name=""), campaigns=[campaign])
    assert document == {"agents": []}
    assert 'Left out: 1 webhook of agent "a b", since the agent is.' in notes
    assert any(note.startswith('Left out: campaign "c", since ') and "agent_id" in note for note in notes)


@pytest.mark.slow
def test_the_notes_of_very_many_are_counted() -> None:
    document, notes = sifted(agent("a", *(webhook(f"w-{i}", events=["event_new"]) for i in range(2_000))))
    assert document["agents"][0]["webhooks"] == []
    assert (len(notes), notes[-1]) == (101, "Left out: 3900 more values and records.")
