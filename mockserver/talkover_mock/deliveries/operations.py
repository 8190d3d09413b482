"""The operations on deliveries: events, tests, logs and retries as the API offers them, and advancing the clock."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, cast

from talkover_mock.base.clock import Clock
from talkover_mock.base.refusals import Conflict, Missing
from talkover_mock.base.words import brief
from talkover_mock.deliveries.advancing import Advancing, ClockSet
from talkover_mock.deliveries.attempts import outcome_of
from talkover_mock.deliveries.given import put_given
from talkover_mock.deliveries.log import Emitted, Events, Log, is_row, reason_to_skip
from talkover_mock.deliveries.messages import TEST_EVENT, struck_message
from talkover_mock.deliveries.outbox import Outbox
from talkover_mock.deliveries.payloads import TooLarge, size_of_event
from talkover_mock.deliveries.records import Delivery, Occurrence, Outcome
from talkover_mock.deliveries.sharing import Sharing
from talkover_mock.dialect.errors import LogNotFound, LogNotRetriable
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.dialect.fields import LOG_FILTERS
from talkover_mock.dialect.ids import IdSource
from talkover_mock.state.calls import check_told, told_of
from talkover_mock.state.checking import checked
from talkover_mock.state.records import LogEntry, Owners, Webhook
from talkover_mock.state.store import State
from talkover_mock.state.webhooks import Webhooks

KEPT = timedelta(days=30)
"""How long the API shows a log entry, and lets it be retried (documented)."""
MOST_QUEUED_BYTES = 16 * 1024 * 1024
"""The bytes of the data of all queued events of an environment."""
_NOT_AGAIN = "Can't be sent again"
_SMALL_BYTES = 1024
"""Events up to this size are counted only by their number."""


class Deliveries:
    """One environment's deliveries. Every operation is atomic under the environment's lock, except while it sends."""

    def __init__(self, state: State, lock: RLock, clock: Clock, webhooks: Webhooks, sharing: Sharing) -> None:
        self._state, self._lock, self._clock, self._webhooks = state, lock, clock, webhooks
        self._sharing = sharing
        self._advancing = Advancing(lock, clock)
        self.ids = IdSource("deliveries", state.settings.seed)
        self._given: Sequence[str] = ()
        """The ids of the entries that the log was given, and has kept."""
        self._outbox = self._new_outbox(())
        self.events = self._new_events()
        """The events since the latest reset, to search and to wait for."""

    @property
    def log(self) -> Log:
        """The attempts since the latest reset, to search and to wait for."""
        return self._outbox.log

    @property
    def queued(self) -> int:
        """The number of deliveries that wait to be sent."""
        return self._outbox.backlog.deliveries

    def due_times(self) -> Mapping[int, datetime]:
        """When the next attempt of each row is due, by the row's number."""
        return self._outbox.backlog.due_times()

    def emit(
        self,
        owner_id: str,
        event: str,
        call: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Emitted:
        """Emits an event at an agent, or at a campaign: queues a delivery for every enabled webhook that lists it.

        An agent's event also goes to the webhooks of its campaigns that include call events. An event of a call of the
        state carries its context, and gives it a status: the event's, or that of `call`. An event that the API does not
        have goes to every enabled webhook, since none can list it.

        Raises AgentNotFound, CampaignNotFound, Unfit for too much data or a status that no call has, and Conflict when
        the queue is full.
        """
        call = told_of(call or {})
        size = size_of_event(call, context, extra)
        with self._lock:
            agent_id, campaign_id, webhooks = self._webhooks.hearing(owner_id)
            reasons = [(webhook, reason_to_skip(webhook, event)) for webhook in webhooks]
            followed = self._state.call_of(agent_id, call.get("id"))
            if followed:
                check_told(call)
                context = followed.context if context is None else context
                size = size_of_event({**followed.shown(), **call}, context, extra)
            if reason := self._reason_not_to_queue(sum(not reason for _, reason in reasons), size):
                raise Conflict("Too many deliveries are queued", reason)
            due, now = self._outbox.begin_event(), self._clock.moment()
            if followed:
                followed = followed.after(event, call, self._clock.now())
                call = {**followed.shown(), **call}
                self._state.put_call(followed)
            if call or campaign_id is None:
                call = {"id": self.ids.new(now), **call}
            id, extra, payload = self.ids.new(now), extra or {}, self._state.payloads.get(event)
            occurrence = Occurrence(id, agent_id, event, now, call, context, extra, size, campaign_id, payload)
            deliveries = [self._pending(occurrence, webhook) for webhook, reason in reasons if not reason]
            skipped = [(webhook, reason) for webhook, reason in reasons if reason]
            arrival = self.events.arrive() if is_row(deliveries, skipped) else 0
            awaited = [*due, *(each for delivery in deliveries for each in self._outbox.queue(delivery))]
            emitted = Emitted(occurrence, deliveries, skipped, awaited, self._outbox.log, arrival)
            self.events.add(occurrence.id, emitted)
            self.events.publish(emitted)
            return emitted

    def unknown_events(self) -> list[str]:
        """The names of the events that were emitted though the API does not have them."""
        with self._lock:
            names = [each.occurrence.event for each in self.events.all()]
        return [name for name in dict.fromkeys(names) if name not in ALL_EVENTS]

    def latest_attempts(self) -> dict[tuple[str, str], Delivery]:
        """The latest attempt that is kept, by the ids of its event and its webhook."""
        with self._lock:
            return {(each.occurrence.id, each.webhook_id): each for each in self._outbox.log.all()}

    def test(self, owner_id: str, webhook_id: str) -> Outcome:
        """Sends the test payload once, also to a disabled webhook. The API's log does not show it (assumed)."""
        with self._lock:
            webhook = self._webhooks.find(owner_id, webhook_id)
            owners = cast(Owners, self._state.owners_of(webhook, webhook.agent_id))
            now = self._clock.moment()
            occurrence = Occurrence(self.ids.new(now), webhook.agent_id, TEST_EVENT, now)
            delivery = self._pending(occurrence, webhook)._replace(is_test=True)
            delivery = delivery._replace(struck=self._sharing.strike(delivery, webhook))
            settings, outbox, sending = self._state.settings, self._outbox, self._sharing.sending(webhook)
            outbox.hold(sending)
        try:
            sending.outgoing = struck_message(delivery, owners, webhook, settings, now)
            delivery = delivery._replace(outgoing=sending.outgoing)
            outcome = outcome_of(sending, delivery.fault)
        except TooLarge as error:
            outcome = Outcome(error=str(error))
        finally:
            with self._lock:
                outbox.drop(sending)
        with self._lock:
            outbox.log_ended(delivery, outcome)
        return outcome

    def logs(self, owner_id: str, webhook_id: str, query: Mapping[str, Any]) -> tuple[list[Delivery], int]:
        """The webhook's log entries, newest first, and the size of a page. Raises ValidationFailed."""
        with self._lock:
            self._webhooks.find(owner_id, webhook_id)
            per_page = checked(query, LOG_FILTERS)["per_page"]
            oldest = self._clock.moment() - KEPT
            entries = [each for each in self._outbox.log.all() if each.webhook_id == webhook_id]
        return [each for each in reversed(entries) if each.is_logged and each.created_at >= oldest], per_page

    def as_of(self, webhooks: Webhooks) -> "Deliveries":
        """These deliveries with the webhooks of an earlier state, to read logs from."""
        then = copy(self)
        then._webhooks = webhooks
        return then

    def retry(self, owner_id: str, webhook_id: str, log_id: str) -> Delivery:
        """Queues one more attempt; the failed log entry stays. Raises LogNotFound, LogNotRetriable."""
        with self._lock:
            webhook = self._webhooks.find(owner_id, webhook_id)
            entry = self._outbox.log.get(log_id)
            if entry is None or entry.webhook_id != webhook_id or not entry.is_logged:
                raise LogNotFound(log_id)
            reason = self._reason_not_to_retry(entry, webhook) or self._reason_not_to_queue(1)
            if reason:
                raise LogNotRetriable(reason)
            delivery = self._pending(entry.occurrence, webhook)
            delivery = delivery._replace(attempt=entry.attempt + 1, arrival=entry.arrival)
            self._outbox.queue(delivery, may_retry=False)
        return delivery

    def redeliver(self, id: str, replay: bool = False) -> Emitted:
        """Sends a delivery again, once, also to a webhook that is disabled by now: anew, or as the old bytes.

        Raises Missing for an unknown id. Raises Conflict for a deleted webhook, for bytes that were never made, and
        when the queue is full.
        """
        with self._lock:
            entry = self._outbox.log.get(id)
            if entry is None:
                raise Missing("No such delivery", f"no delivery that is kept has the id {brief(id)}")
            webhook, outgoing = self._state.webhooks.get(entry.webhook_id), entry.outgoing
            if webhook is None:
                raise Conflict(_NOT_AGAIN, "its webhook is deleted")
            if replay and outgoing is None:
                raise Conflict(_NOT_AGAIN, "no request was made of it, so there are no old bytes to replay")
            if reason := self._reason_not_to_queue(1):
                raise Conflict(_NOT_AGAIN, reason)
            again = self._pending(entry.occurrence, webhook)
            again = again._replace(
                attempt=entry.attempt, is_test=entry.is_test, copy_of=entry.id, arrival=entry.arrival
            )
            make = (lambda: outgoing) if replay and outgoing else None
            awaited = self._outbox.queue(again, may_retry=False, though_disabled=True, make=make)
            return Emitted(entry.occurrence, [again], (), awaited, self._outbox.log)

    def has_called(self, webhook_id: str) -> bool:
        """Whether the log has an attempt for the webhook, which may be deleted by now."""
        with self._lock:
            return self._outbox.log.rows.latest_of(webhook_id) is not None

    def has_only_given(self) -> bool:
        """Whether nothing has happened since the reset: the log has just the entries that it was given."""
        return not self.events.all() and self._given == [each.id for each in self._outbox.log.all()]

    def clear(self) -> int:
        """Forgets the events and the deliveries that have ended, and returns the number of the deliveries."""
        with self._lock:
            self.events.clear()
            return self._outbox.log.clear()

    def advance(self, seconds: float | None, gave_up: Callable[[], bool] = lambda: False) -> None:
        """Advances the clock, and returns when every delivery that falls due on the way has been sent, in order.

        With None it goes as far as it must, until nothing is queued. It stops early after a reset, when the clock is
        set meanwhile, and when `gave_up` says that the client has disconnected.
        """
        self._advancing.by(seconds, self._outbox, gave_up)

    def advance_to(self, moment: datetime, since: ClockSet, gave_up: Callable[[], bool]) -> None:
        """The same up to a moment, from where the clock was set."""
        self._advancing.to(moment, since, gave_up)

    def now(self) -> datetime:
        """The environment's time, to note before the clock is set."""
        return self._outbox.now()

    def clock_was_set(self, before: datetime) -> ClockSet:
        """Sends the deliveries that are due at the clock's new time; a clock set back makes no delivery wait longer."""
        self._outbox.clock_was_set(before)
        return ClockSet(self._outbox, self._outbox.clock_sets)

    def plan(self, due: datetime, happen: Callable[[datetime], None]) -> None:
        """Has something happen at a time on the environment's clock; a reset forgets it."""
        self._outbox.plan(due, happen)

    def wait_until_settled(self, gave_up: Callable[[], bool]) -> None:
        """Returns when no delivery is under way or due. The caller holds the lock, which is released while it waits."""
        self._outbox.wait_until_settled(gave_up)

    def reset(self, given: Sequence[LogEntry] = ()) -> None:
        """Empties the queue, and leaves the log with the given entries; attempts under way are stopped, not logged."""
        with self._lock:
            self._outbox.close()
            self.ids.restart(self._state.settings.seed)
            self._outbox = self._new_outbox(given)
            self.events.close()
            self.events = self._new_events()

    def close(self) -> None:
        """Stops sending, and ends every wait."""
        with self._lock:
            self._outbox.close()
            self.events.close()
        if self._sharing.lookups:
            self._sharing.lookups.stop()

    def _new_events(self) -> Events:
        return Events(self._lock, self._sharing.most_kept, self._sharing.changes)

    def _new_outbox(self, given: Sequence[LogEntry]) -> Outbox:
        outbox = Outbox(self._state, self._lock, self._clock, self.ids, self._sharing)
        if given:
            put_given(outbox.log, given, self._state, self.ids, self._clock.moment())
        self._given = [each.id for each in outbox.log.all()]
        return outbox

    def _pending(self, occurrence: Occurrence, webhook: Webhook) -> Delivery:
        now = self._clock.moment()
        id = self.ids.new(now, self._outbox.log)
        return Delivery(id, webhook.id, occurrence, 1, now, campaign_id=webhook.campaign_id)

    def _reason_not_to_queue(self, more: int, size: int = 0) -> str:
        queued, most = self._outbox.backlog.deliveries, self._sharing.most_kept
        if queued + more > most:
            return f"{queued} deliveries are queued, and {more} more would exceed the limit of {most}"
        if more and size > _SMALL_BYTES and self._outbox.backlog.bytes + size > MOST_QUEUED_BYTES:
            return f"the events that wait would hold more than {MOST_QUEUED_BYTES} bytes of data"
        return ""

    def _reason_not_to_retry(self, entry: Delivery, webhook: Webhook) -> str:
        if entry.status != "failed":
            return f"the log entry is {entry.status}; only a failed one can be retried"
        if entry.created_at < self._clock.moment() - KEPT:
            return f"the log entry is over {KEPT.days} days old"
        return "" if webhook.enabled else "the webhook is disabled"
