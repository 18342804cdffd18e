"""Tell endpoints and channels what happened: events become deliveries, deliveries are sent, failed ones come again.

The table's stream calls within a second; the sweep calls for whatever is overdue. Both may call for the same row, and
a process may die anywhere: a delivery is stored once under the event's id, and a try is taken by a conditional write
whose lease runs out. So a receiver gets each message at least once, with one id however often.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sotto.domain.errors import NotFound, Rejected, SottoError, Unavailable
from sotto.domain.outbox import OutboxEvent
from sotto.domain.webhooks import (
    PAUSE_AFTER,
    Attempt,
    Delivery,
    DeliveryStatus,
    Pause,
    Sent,
    Webhook,
    message,
    signature_headers,
    wait_s,
)
from sotto.workflows.moments import after, iso
from sotto.workflows.ports import Clock
from sotto.workflows.webhook_ports import Channel, Deliveries, Outbox, Sender, Webhooks

LEASE_S = 60  # above the sender's own limit
GONE = 410


@dataclass(frozen=True)
class DeliverWebhooks:
    webhooks: Webhooks
    deliveries: Deliveries
    outbox: Outbox
    sender: Sender
    clock: Clock
    chance: Callable[[], float]
    agent: str
    channels: Mapping[str, Channel]
    """By name: no webhook's id looks like one."""
    on_failure: Callable[[Delivery, SottoError], None]
    """Notes that a channel did not take a message."""

    def __call__(self, found: OutboxEvent | Delivery) -> str:
        """Deal with one row. Returns a word for the log."""
        return self.hand_out(found) if isinstance(found, OutboxEvent) else self.attempt(found)

    def hand_out(self, event: OutboxEvent) -> str:
        """One delivery for each endpoint and channel that wants `event`; a paused endpoint keeps it for later."""
        wanting = [one for one in self.webhooks.all(event.owner) if event.type in one.events]
        held = {webhook.id: webhook.paused is not None for webhook in wanting}
        held |= {name: False for name, channel in self.channels.items() if channel.wants(event)}
        now = iso(self.clock())
        for receiver, later in held.items():
            self.deliveries.add(
                Delivery(
                    owner=event.owner,
                    webhook_id=receiver,
                    id=event.id,
                    event_id=event.id,
                    type=event.type,
                    body=message(event.type, event.occurred_at, event.data),
                    created_at=now,
                    status=DeliveryStatus.HELD if later else DeliveryStatus.PENDING,
                    due_at=None if later else now,
                )
            )
        self.outbox.settle(event)
        return f"handed_to_{len(held)}"

    def attempt(self, delivery: Delivery) -> str:
        """Make the try that is due."""
        if delivery.status is not DeliveryStatus.PENDING:
            return "already_ended"
        if delivery.due_at is None or delivery.due_at > iso(self.clock()):
            return "not_due"  # a stream may repeat itself, and must not bring a try forward
        channel = self.channels.get(delivery.webhook_id)
        if channel is not None:
            return self._by(channel, delivery)
        try:
            webhook = self.webhooks.get(delivery.owner, delivery.webhook_id)
        except NotFound:
            self.deliveries.delete_all(delivery.owner, delivery.webhook_id)
            return "no_such_webhook"
        taken = self.deliveries.begin(delivery, lease_until=after(self.clock(), LEASE_S))
        if taken is None:
            return "taken"
        if webhook.paused:
            self.deliveries.end(taken, DeliveryStatus.HELD, attempt=None, due_at=None)
            return "held"
        now = self.clock()
        signed = signature_headers(webhook.secrets, taken.event_id, now, taken.body)
        headers = {"content-type": "application/json", "user-agent": self.agent, **signed}
        sent = self.sender.post(webhook.url, headers, taken.body.encode())
        made = Attempt(iso(now), sent.status, sent.error, sent.duration_s)
        if sent.well:
            self.deliveries.end(taken, DeliveryStatus.DELIVERED, attempt=made, due_at=None)
            if webhook.failing_since:
                self.webhooks.note_success(webhook)
            return "delivered"
        return self._failed(webhook, taken, sent, made)

    def _failed(self, webhook: Webhook, delivery: Delivery, sent: Sent, made: Attempt) -> str:
        now = self.clock()
        since = self.webhooks.note_failure(webhook, iso(now))
        if sent.status == GONE:
            self.webhooks.pause(webhook, Pause.GONE)
            self.deliveries.end(delivery, DeliveryStatus.FAILED, attempt=made, due_at=None)
            return "gone"
        if now - datetime.fromisoformat(since) >= PAUSE_AFTER:
            self.webhooks.pause(webhook, Pause.FAILING)
            self.deliveries.end(delivery, DeliveryStatus.HELD, attempt=made, due_at=None)
            return "paused"
        return self._again(delivery, made)

    def _by(self, channel: Channel, delivery: Delivery) -> str:
        taken = self.deliveries.begin(delivery, lease_until=after(self.clock(), LEASE_S))
        if taken is None:
            return "taken"
        begun = self.clock()
        try:
            channel.send(taken)
        except (Rejected, Unavailable) as error:
            self.on_failure(taken, error)
            made = self._tried(begun, error.code)
            if isinstance(error, Unavailable):
                return self._again(taken, made)
            self.deliveries.end(taken, DeliveryStatus.FAILED, attempt=made, due_at=None)
            return "refused"
        self.deliveries.end(taken, DeliveryStatus.DELIVERED, attempt=self._tried(begun, None), due_at=None)
        return "delivered"

    def _tried(self, begun: datetime, error: str | None) -> Attempt:
        return Attempt(iso(begun), None, error, (self.clock() - begun).total_seconds())

    def _again(self, delivery: Delivery, made: Attempt) -> str:
        wait = wait_s(delivery.tries, self.chance())
        if wait is None:
            self.deliveries.end(delivery, DeliveryStatus.FAILED, attempt=made, due_at=None)
            return "given_up"
        self.deliveries.end(delivery, DeliveryStatus.PENDING, attempt=made, due_at=after(self.clock(), wait))
        return "to_be_tried_again"
