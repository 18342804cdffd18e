"""A user's own webhooks: made, listed, tried, given a new secret, resumed, removed; their log and redelivery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sotto.domain.addresses import check_url
from sotto.domain.errors import InvalidInput, WrongState
from sotto.domain.outbox import JOB_EVENTS, TEST_EVENT
from sotto.domain.webhooks import (
    MAX_WEBHOOKS,
    OVERLAP,
    Delivery,
    DeliveryPage,
    DeliveryStatus,
    Webhook,
    message,
    new_secret,
    rotated,
)
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock
from sotto.workflows.webhook_ports import Deliveries, Sender, Webhooks

SECRET_BYTES = 32


@dataclass(frozen=True)
class ManageWebhooks:
    webhooks: Webhooks
    deliveries: Deliveries
    sender: Sender
    clock: Clock
    new_id: Callable[[], str]
    random: Callable[[int], bytes]
    plain_http: bool

    def add(self, owner: str, url: str, events: Sequence[str], description: str) -> Webhook:
        """A new endpoint; no events named means all. Raises InvalidInput, and WrongState at the limit."""
        self.sender.check(check_url(url, plain_http=self.plain_http))
        unknown = sorted(set(events) - JOB_EVENTS)
        if unknown:
            raise InvalidInput("events", expected=f"some of {', '.join(sorted(JOB_EVENTS))}", found=unknown[0])
        present = len(self.webhooks.all(owner))
        if present >= MAX_WEBHOOKS:
            raise WrongState(
                f"webhooks: expected at most {MAX_WEBHOOKS}, found {present}", hint="Delete one that is not needed."
            )
        webhook = Webhook(
            owner=owner,
            id=self.new_id(),
            url=url,
            description=description,
            events=frozenset(events) or JOB_EVENTS,
            secrets=(new_secret(self.random(SECRET_BYTES)),),
            created_at=iso(self.clock()),
        )
        self.webhooks.add(webhook)
        return webhook

    def remove(self, owner: str, webhook_id: str) -> None:
        """The endpoint and its log. Raises NotFound."""
        self.webhooks.get(owner, webhook_id)
        self.deliveries.delete_all(owner, webhook_id)
        self.webhooks.delete(owner, webhook_id)

    def rotate(self, owner: str, webhook_id: str) -> Webhook:
        """A new secret; the old one signs beside it for a day. Raises NotFound, WrongState."""
        webhook = self.webhooks.get(owner, webhook_id)
        fresh = new_secret(self.random(SECRET_BYTES))
        return self.webhooks.replace_secrets(
            webhook, rotated(webhook.secrets, fresh, old_until=iso(self.clock() + OVERLAP))
        )

    def resume(self, owner: str, webhook_id: str) -> Webhook:
        """Send again to a paused endpoint, from now on. Raises NotFound."""
        return self.webhooks.resume(self.webhooks.get(owner, webhook_id))

    def test(self, owner: str, webhook_id: str) -> Delivery:
        """Send an event that means nothing. Raises NotFound, and WrongState while the endpoint is paused."""
        now, event_id = iso(self.clock()), self.new_id()
        body = message(TEST_EVENT, now, {"webhook_id": webhook_id})
        return self._send(self.webhooks.get(owner, webhook_id), event_id, event_id, TEST_EVENT, body)

    def redeliver(self, owner: str, webhook_id: str, delivery_id: str) -> Delivery:
        """Send a message again, as a delivery of its own with the same id for the receiver. Raises as test()."""
        webhook = self.webhooks.get(owner, webhook_id)
        old = self.deliveries.get(owner, webhook_id, delivery_id)
        return self._send(webhook, self.new_id(), old.event_id, old.type, old.body)

    def log(self, owner: str, webhook_id: str, *, limit: int, cursor: str | None) -> DeliveryPage:
        """What was sent, newest first. Raises NotFound."""
        self.webhooks.get(owner, webhook_id)
        return self.deliveries.page(owner, webhook_id, limit=limit, cursor=cursor)

    def _send(self, webhook: Webhook, delivery_id: str, event_id: str, event_type: str, body: str) -> Delivery:
        if webhook.paused:
            raise WrongState(
                f"webhook {webhook.id}: expected an active one, found it paused ({webhook.paused})",
                hint="POST /v1/webhooks/{id}/resume, then send again.",
            )
        now = iso(self.clock())
        delivery = Delivery(
            owner=webhook.owner,
            webhook_id=webhook.id,
            id=delivery_id,
            event_id=event_id,
            type=event_type,
            body=body,
            created_at=now,
            status=DeliveryStatus.PENDING,
            due_at=now,
        )
        self.deliveries.add(delivery)
        return delivery
