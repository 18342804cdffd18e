"""Tell endpoints what happened: events become deliveries, deliveries become requests, failed ones come again.

The table's stream calls within a second; the sweep calls for whatever is overdue. Both may call for the same row, and
a process may die anywhere: a delivery is stored once under the event's id, and a try is taken by a conditional write
whose lease runs out. So a receiver gets each message at least once, with one id however often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sotto.domain.errors import NotFound
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
from sotto.workflows.webhook_ports import Deliveries, Outbox, Sender, Webhooks

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

    def __call__(self, found: OutboxEvent | Delivery) -> str:
        """Deal with one row. Returns a word for the log."""
        return self.hand_out(found) if isinstance(found, OutboxEvent) else self.attempt(found)

    def hand_out(self, event: OutboxEvent) -> str:
        """One delivery for each endpoint that wants `event`; a paused one keeps it for later."""
        now = iso(self.clock())
        wanting = [one for one in self.webhooks.all(event.owner) if event.type in one.events]
        for webhook in wanting:
            held = webhook.paused is not None
            self.deliveries.add(
                Delivery(
                    owner=event.owner,
                    webhook_id=webhook.id,
                    id=event.id,
                    event_id=event.id,
                    type=event.type,
                    body=message(event.type, event.occurred_at, event.data),
                    created_at=now,
                    status=DeliveryStatus.HELD if held else DeliveryStatus.PENDING,
                    due_at=None if held else now,
                )
            )
        self.outbox.settle(event)
        return f"handed_to_{len(wanting)}"

    def attempt(self, delivery: Delivery) -> str:
        """Make the try that is due."""
        if delivery.status is not DeliveryStatus.PENDING:
            return "already_ended"
        if delivery.due_at is None or delivery.due_at > iso(self.clock()):
            return "not_due"  # a stream may repeat itself, and must not bring a try forward
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
        wait = wait_s(delivery.tries, self.chance())
        if wait is None:
            self.deliveries.end(delivery, DeliveryStatus.FAILED, attempt=made, due_at=None)
            return "given_up"
        self.deliveries.end(delivery, DeliveryStatus.PENDING, attempt=made, due_at=after(now, wait))
        return "to_be_tried_again"
