"""Turns the log entries of a fixture into deliveries that have ended."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from talkover_mock.deliveries.log import Log
from talkover_mock.deliveries.messages import message
from talkover_mock.deliveries.payloads import TooLarge
from talkover_mock.deliveries.records import Delivery, Occurrence, Outcome
from talkover_mock.dialect.ids import IdSource
from talkover_mock.state.records import LogEntry
from talkover_mock.state.store import State


def put_given(log: Log, entries: Sequence[LogEntry], state: State, ids: IdSource, now: datetime) -> None:
    """Puts the entries into the log, oldest first; an entry without a time is made `now`.

    An entry whose payload is too large has failed, as an attempt does.
    """
    for delivery in _deliveries(sorted(entries, key=lambda entry: entry.created_at or now), log, state, ids, now):
        log.enter(delivery)


def _deliveries(
    entries: Sequence[LogEntry], log: Log, state: State, ids: IdSource, now: datetime
) -> Iterator[Delivery]:
    for entry in entries:
        webhook = state.webhooks.get(entry.webhook_id)
        if webhook and (owners := state.owners_of(webhook, entry.agent_id)):
            created = entry.created_at or now
            call = {"id": ids.new(created), **(entry.call or {})}
            id, payload = ids.new(created), state.payloads.get(entry.event)
            occurrence = Occurrence(id, entry.agent_id, entry.event, created, call, entry.context, payload=payload)
            status, outcome = entry.status, _outcome(entry)
            try:
                outgoing = message(occurrence, owners, webhook, state.settings, int(created.timestamp()))
            except TooLarge as error:  # by a template or a payload: such an attempt fails
                outgoing, status, outcome = None, "failed", Outcome(error=str(error))
            yield Delivery(
                entry.id or ids.new(created, log),
                webhook.id,
                occurrence,
                entry.attempt,
                created,
                status,
                outgoing=outgoing,
                outcome=outcome,
                ended_at=created + timedelta(milliseconds=entry.duration_ms),
                campaign_id=webhook.campaign_id,
            )


def _outcome(entry: LogEntry) -> Outcome:
    headers = tuple((entry.response_headers or {}).items())
    body, duration = entry.response_body or "", entry.duration_ms
    return Outcome(entry.http_status, entry.error, headers, body, duration)
