"""One environment's queue of deliveries: what is due goes out, what fails comes back later, all of it is logged."""

import traceback
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import count
from threading import BoundedSemaphore, Condition, RLock
from typing import cast

from talkover_mock.base.clock import Clock
from talkover_mock.deliveries.attempts import MOST_LARGE, Attempt, Scheduled
from talkover_mock.deliveries.backlog import Backlog
from talkover_mock.deliveries.faults import DeliveryFault
from talkover_mock.deliveries.log import Log
from talkover_mock.deliveries.messages import struck_message
from talkover_mock.deliveries.plans import Due, Plan
from talkover_mock.deliveries.records import Delivery, Outcome, Outgoing
from talkover_mock.deliveries.sender import Sending
from talkover_mock.deliveries.sharing import Sharing
from talkover_mock.dialect.ids import IdSource
from talkover_mock.state.records import Owners, Webhook
from talkover_mock.state.store import State

LOOK_SECONDS = 0.5
"""Seconds between two checks that the client of a blocking wait is still connected."""
_STOPPED = Outcome(error="Webhook disabled or deleted before it was sent")
_DROPPED = Outcome(error="Dropped")


class Outbox:
    """Between two resets. Closed, it sends and logs nothing more: what is still under way ends unseen.

    The deliveries of one webhook go out one after another, in order; while the clock is frozen, those of the
    whole environment do, so that a test sees the same order each time. A fault may say otherwise. The caller holds the
    environment's lock, except for `claim`, `has_more`, `finish` and `report`, which the pump and its jobs call.
    """

    def __init__(self, state: State, lock: RLock, clock: Clock, ids: IdSource, sharing: Sharing) -> None:
        self._state, self._lock, self._clock = state, lock, clock
        self._sharing, self.report = sharing, sharing.report
        self.log = Log(lock, sharing.most_kept, ids, sharing.changes)
        self.closed, self.clock_sets = False, 0
        """`clock_sets` counts how often the clock was set."""
        self._numbers = count()
        self.backlog = Backlog()
        self._room: BoundedSemaphore | None = None
        self._sendings: set[Sending] = set()
        self._settled = Condition(lock)

    def queue(
        self,
        delivery: Delivery,
        may_retry: bool = True,
        though_disabled: bool = False,
        make: Callable[[], Outgoing] | None = None,
    ) -> Sequence[Delivery]:
        """Logs a new delivery, to be sent at once; without `may_retry` it is a single attempt. See `Scheduled`.

        Returns what goes out at once: the delivery and the copies that a fault makes of it, unless they are delayed.
        """
        if self.closed:
            return ()
        delivery = self.log.enter(delivery)
        now = self.now()
        scheduled = Scheduled(now, next(self._numbers), delivery, may_retry, None, though_disabled, make=make)
        is_frozen = self._clock.is_frozen
        if self._goes_out(scheduled, now) and (is_frozen or not self.backlog.waits_behind(scheduled, False)):
            self.backlog.add(scheduled)
            self.wake()  # for one that waits, the pump looks again when the attempt before it has ended
        return [each.delivery for each in (scheduled, *scheduled.copies) if each.due <= now]

    def plan(self, due: datetime, happen: Callable[[datetime], None]) -> None:
        """Has something happen at a time on the environment's clock, unless the outbox is closed before."""
        if not self.closed:
            self.backlog.add(Plan(due, next(self._numbers), happen))
            self.wake()

    def begin_event(self) -> Sequence[Delivery]:
        """What falls due as the clock moves on for a new event, where events are kept apart."""
        if not self._clock.next_event():
            return ()
        self.wake()
        return [each.delivery for each in self.backlog if each.due <= self.now()]

    def claim(self) -> Attempt | float | None:
        """The next attempt that is due, the seconds until one will be, or None."""
        with self._lock:
            while not self._is_held_up:
                now, due = self.now(), self.backlog.next_due
                if due is None or due > now:
                    return None if self._clock.is_frozen or due is None else (due - now).total_seconds()
                found = self.backlog.pop()
                if isinstance(found, Plan):
                    self._happen(found)
                elif attempt := self._take(found, self._at(found)):
                    if self._clock.is_frozen:
                        self._line_up()
                    return attempt
        return None

    def _at(self, due: Due) -> datetime:
        """Now; where events are kept apart, the time it was due: a later event may have moved the clock meanwhile."""
        return min(due.due, self.now()) if self._clock.keeps_apart else self.now()

    def _line_up(self) -> None:
        """Asks the faults about all that is due before the next plan: on a frozen clock, whoever answers first."""
        overlapping = []
        while self._has_due() and not self.backlog.next_is_plan:
            found = cast(Scheduled, self.backlog.pop())
            if self._has_turn(found, self._at(found)):
                overlapping.append(found)
        for each in overlapping:
            self.backlog.add(each)

    def has_more(self) -> bool:
        with self._lock:
            return not self._is_held_up and (self._has_due() or not self._clock.is_frozen)

    def finish(self, attempt: Attempt, outcome: Outcome, outgoing: Outgoing | None) -> None:
        """Logs the outcome of an attempt, and schedules the next one after a failure.

        `outgoing` is None for a request that could not be made; no retry can mend that.
        """
        scheduled, delivery = attempt.scheduled, attempt.scheduled.delivery
        may_retry = scheduled.may_retry and outgoing is not None and delivery.attempt <= attempt.webhook.max_retries
        with self._lock:
            if self.closed:
                return
            self._sendings.discard(attempt.sending)
            self.backlog.end(delivery.webhook_id)
            again, now = may_retry and not outcome.successful, self._at(scheduled)
            if again:  # the pump looks again after every attempt, and need not be woken
                self.backlog.add(scheduled.retry(now, self._state.settings))
            self._end(delivery._replace(outgoing=outgoing), outcome, now, again)

    def wait_until_settled(self, gave_up: Callable[[], bool]) -> bool:
        """Blocks until no delivery is under way or due; the lock is released meanwhile.

        Returns False when the outbox was closed instead, or when `gave_up` says that the client has disconnected.
        """
        while not self.closed and (self.backlog.under_way or self._has_due()):
            if gave_up():
                return False
            self._settled.wait(LOOK_SECONDS)
        return not self.closed

    def hold(self, sending: Sending) -> None:
        """Takes care that a request which is sent outside of the queue ends with it."""
        if self.closed:
            sending.stop()
        else:
            self._sendings.add(sending)

    def drop(self, sending: Sending) -> None:
        self._sendings.discard(sending)

    def log_ended(self, delivery: Delivery, outcome: Outcome) -> None:
        """Logs a delivery that was sent outside of the queue."""
        if not self.closed:
            self._end(self.log.enter(delivery), outcome, self._clock.moment())

    def close(self) -> None:
        """Forgets everything, and ends what is under way and every wait."""
        self.closed = True
        for sending in self._sendings:
            sending.stop()
        self.backlog.clear()
        self.log.close()
        self._settled.notify_all()

    def clock_was_set(self, before: datetime) -> None:
        """After the clock was set back, moves every due time back by as much: no delivery waits longer."""
        self.clock_sets += 1
        back = before - self._clock.moment()
        if back > timedelta():
            self.backlog.shift(-back)
        self.backlog.release_all()
        self.wake()

    def now(self) -> datetime:
        """The environment's time. When the system's clock was set, all due times move along: the same seconds are left.

        Called before the clock is frozen, moved or unfrozen, too.
        """
        step = self._clock.step()
        if step and not self._clock.is_frozen:
            self.backlog.shift(step)
        return self._clock.moment()

    def wake(self) -> None:
        self._sharing.wake(self)

    @property
    def _is_held_up(self) -> bool:
        """Whether nothing can go out before something else happens."""
        return self.closed or self.backlog.has_to_wait(all_in_turn=self._clock.is_frozen)

    def _has_due(self) -> bool:
        return (due := self.backlog.next_due) is not None and due <= self.now()

    def _goes_out(self, scheduled: Scheduled, now: datetime) -> bool:
        """Asks the faults, once, about an attempt that is due. False when one keeps it back."""
        webhook = self._state.webhooks.get(scheduled.delivery.webhook_id)
        if scheduled.is_asked or webhook is None or not (webhook.enabled or scheduled.though_disabled):
            return True
        scheduled.is_asked = True
        struck = self._sharing.strike(scheduled.delivery, webhook)
        if struck is None:
            return True
        self._enter(scheduled, now)
        scheduled.delivery, fault = self.log.strike(scheduled.delivery, struck), struck.fault
        if fault.action == "drop":
            self._end(scheduled.delivery, _DROPPED, now)
        elif fault.action == "delay":
            scheduled.due = now + timedelta(seconds=fault.delay_seconds)
            scheduled.though_disabled |= fault.though_disabled
            self.backlog.add(scheduled)
            self._settled.notify_all()
            self.wake()
        elif fault.action == "repeat":
            scheduled.copies = [self._copy(scheduled, fault, number) for number in range(1, fault.copies + 1)]
        else:
            scheduled.overlaps = fault.action == "overlap"
        return fault.action not in ("drop", "delay")

    def _copy(self, scheduled: Scheduled, fault: DeliveryFault, number: int) -> Scheduled:
        """A repetition of an attempt, which is logged, but goes out only when that does. It is not tried again."""
        delivery = scheduled.delivery
        copy = self.log.add_anew(delivery._replace(copy_of=delivery.id), delivery.created_at)
        due = scheduled.due + timedelta(seconds=number * fault.delay_seconds)
        return Scheduled(due, next(self._numbers), copy, may_retry=False, is_asked=True, overlaps=fault.together)

    def _happen(self, plan: Plan) -> None:
        """A crash of the mock itself is reported; those that wait behind the plan have their turn all the same."""
        try:
            plan.happen(plan.due)
        except Exception:
            self.report(traceback.format_exc())
        self._settled.notify_all()

    def _has_turn(self, scheduled: Scheduled, now: datetime) -> bool:
        """Whether an attempt that is due goes out now: no fault keeps it back, and it waits behind none.

        On a frozen clock a retry without a pause asks the faults when nothing is under way, whoever answered first.
        """
        is_frozen = self._clock.is_frozen
        if is_frozen and scheduled.round and self.backlog.waits_behind(scheduled, True):
            return False
        if self._goes_out(scheduled, now):
            return not self.backlog.waits_behind(scheduled, is_frozen)
        self.backlog.release(scheduled.webhook_id)
        return False

    def _take(self, scheduled: Scheduled, now: datetime) -> Attempt | None:
        """The attempt, unless another of its webhook is under way or the webhook is not to be called any more."""
        if not self._has_turn(scheduled, now):
            return None
        delivery = scheduled.delivery
        webhook = self._state.webhooks.get(delivery.webhook_id)
        owners = webhook and self._state.owners_of(webhook, delivery.occurrence.agent_id)
        if webhook is None or owners is None or not (webhook.enabled or scheduled.though_disabled):
            self._refuse(scheduled)
            return None
        return self._begin(scheduled, owners, webhook, now)

    def _begin(self, scheduled: Scheduled, owners: Owners, webhook: Webhook, now: datetime) -> Attempt:
        """By the configuration of this moment; the request is made later, outside of the lock."""
        self._enter(scheduled, now)
        sending = self._sharing.sending(webhook)
        self._sendings.add(sending)
        message = partial(struck_message, scheduled.delivery, owners, webhook, self._state.settings, now)
        make = scheduled.make or cache(message)
        for copy in scheduled.copies:
            copy.due += now - scheduled.due
            copy.make = make if scheduled.delivery.fault.replay else None
            self.backlog.add(copy)
        self.backlog.begin(webhook.id)
        self._room = self._room or BoundedSemaphore(MOST_LARGE)  # an environment that sends nothing needs none
        return Attempt(scheduled, webhook, sending, make, self.finish, self.report, self._room)

    def _enter(self, scheduled: Scheduled, now: datetime) -> None:
        """Logs a retry as an attempt of its own; the attempt before it is `retrying` no more."""
        if scheduled.previous is not None:
            self.log.end_retrying(scheduled.previous)
            scheduled.previous, scheduled.delivery = None, self.log.add_anew(scheduled.delivery, now)

    def _refuse(self, scheduled: Scheduled) -> None:
        """Not sent. A retry has no entry in the log yet."""
        if scheduled.previous is not None:
            self.log.end_retrying(scheduled.previous)
        else:
            for each in (scheduled, *scheduled.copies):
                self._end(each.delivery, _STOPPED, self._at(each))
        self.backlog.release(scheduled.delivery.webhook_id)
        self._settled.notify_all()

    def _end(self, delivery: Delivery, outcome: Outcome, at: datetime, again: bool = False) -> None:
        self.log.end(delivery, outcome, again, at)
        self._settled.notify_all()
