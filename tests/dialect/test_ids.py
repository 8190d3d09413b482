"""Ordered UUIDs: the moment in the front, a random version 4 behind it."""

import uuid
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talkover_mock.dialect.ids import IdSource, ordered_uuid, seeded_uuid
from tests.support.documented import WEBHOOK

MOMENT = datetime(2025, 9, 3, 23, 19, 51, 812_000, tzinfo=timezone.utc)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2055, 1, 1), timezones=st.just(timezone.utc))
randomness = st.integers(0, (1 << 80) - 1)


def moment_of(id: str) -> datetime:
    return EPOCH + timedelta(microseconds=(uuid.UUID(id).int >> 80) * 10)


def test_the_documented_id_tells_when_it_was_made() -> None:
    assert moment_of(WEBHOOK).isoformat(timespec="milliseconds") == "2025-09-03T23:19:51.812+00:00"


def test_an_id_made_at_that_moment_begins_as_the_documented_one() -> None:
    made = moment_of(WEBHOOK)
    assert ordered_uuid(made, 0, 0) == "9fcafbf2-7593-4000-8000-000000000000"
    assert ordered_uuid(made, (1 << 80) - 1, 0) == "9fcafbf2-7593-4fff-bfff-ffffffffffff"
    assert ordered_uuid(made, uuid.UUID(WEBHOOK).int, 0) == WEBHOOK


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(moment=moments, randomness=randomness)
def test_every_id_is_a_version_4_of_its_moment(moment: datetime, randomness: int) -> None:
    id = ordered_uuid(moment, randomness, 0)
    parsed = uuid.UUID(id)
    assert (str(parsed), parsed.version, parsed.variant) == (id, 4, uuid.RFC_4122)
    assert abs(moment_of(id) - moment) <= timedelta(microseconds=10)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(moment=moments, later=st.integers(20, 10**12), one=randomness, other=randomness)
def test_ids_sort_by_their_moments(moment: datetime, later: int, one: int, other: int) -> None:
    assert ordered_uuid(moment, one, 0) < ordered_uuid(moment + timedelta(microseconds=later), other, 0)


def test_ids_of_one_moment_sort_by_their_offset() -> None:
    ids = [seeded_uuid(MOMENT, f"seed/{offset}", offset) for offset in range(1000)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("seed", ["", "default/0", "ä"])
def test_a_seeded_id_follows_from_its_arguments_alone(seed: str) -> None:
    assert seeded_uuid(MOMENT, seed, 0) == seeded_uuid(MOMENT, seed, 0)
    assert seeded_uuid(MOMENT, seed, 0) != seeded_uuid(MOMENT, seed + "x", 0)
    assert seeded_uuid(MOMENT, seed, 0) != seeded_uuid(MOMENT, seed, 1)


def test_a_seeded_id_is_the_same_in_every_process_and_release() -> None:
    assert seeded_uuid(MOMENT, "default/0", 0) == "9fcafbf2-7590-49ff-a94d-1740275f7961"


def test_an_id_tells_when_it_was_made_also_after_the_clock_was_set_back() -> None:
    source, later, made = IdSource("webhooks", 0), MOMENT + timedelta(days=400), list[str]()
    for moment in (MOMENT, later, later, MOMENT, MOMENT, MOMENT + timedelta(seconds=1)):
        made.append(source.new(moment, made))
        assert abs(moment_of(made[-1]) - moment) <= timedelta(microseconds=20)
    assert len(set(made)) == len(made)
    assert made[1] < made[2]
    assert made[3] < made[4] < made[5] < made[1]
