"""Webhooks, deliveries and the outbox in memory, under the same conditions as in the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sotto.domain.errors import InvalidInput, NotFound, SottoError, WrongState
from sotto.domain.outbox import OutboxEvent
from sotto.domain.webhooks import Attempt, Delivery, DeliveryPage, DeliveryStatus, Pause, Secret, Sent, Webhook


class InMemoryWebhooks:
    """Implements workflows.webhook_ports.Webhooks."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Webhook] = {}

    def add(self, webhook: Webhook) -> None:
        self.rows[webhook.owner, webhook.id] = webhook

    def get(self, owner: str, webhook_id: str) -> Webhook:
        try:
            return self.rows[owner, webhook_id]
        except KeyError:
            raise NotFound("no such webhook") from None

    def all(self, owner: str) -> Sequence[Webhook]:
        return [one for (who, _), one in sorted(self.rows.items()) if who == owner]

    def delete(self, owner: str, webhook_id: str) -> None:
        self.rows.pop((owner, webhook_id), None)

    def replace_secrets(self, webhook: Webhook, secrets: Sequence[Secret]) -> Webhook:
        stored = self.get(webhook.owner, webhook.id)
        if stored.secrets != webhook.secrets:
            raise WrongState("a newer secret")
        self.rows[webhook.owner, webhook.id] = replace(stored, secrets=tuple(secrets))
        return replace(webhook, secrets=tuple(secrets))

    def note_failure(self, webhook: Webhook, now: str) -> str:
        stored = self.rows.get((webhook.owner, webhook.id))
        if stored is None:
            return now
        self.rows[webhook.owner, webhook.id] = replace(stored, failing_since=stored.failing_since or now)
        return stored.failing_since or now

    def note_success(self, webhook: Webhook) -> None:
        self._change(webhook, failing_since=None)

    def pause(self, webhook: Webhook, reason: Pause) -> None:
        self._change(webhook, paused=reason)

    def resume(self, webhook: Webhook) -> Webhook:
        self.get(webhook.owner, webhook.id)
        self._change(webhook, paused=None, failing_since=None)
        return self.get(webhook.owner, webhook.id)

    def _change(self, webhook: Webhook, **changes: object) -> None:
        stored = self.rows.get((webhook.owner, webhook.id))
        if stored is not None:
            self.rows[webhook.owner, webhook.id] = replace(stored, **changes)  # type: ignore[arg-type]


class InMemoryDeliveries:
    """Implements workflows.webhook_ports.Deliveries."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], Delivery] = {}

    def add(self, delivery: Delivery) -> bool:
        key = (delivery.owner, delivery.webhook_id, delivery.id)
        return self.rows.setdefault(key, delivery) is delivery

    def get(self, owner: str, webhook_id: str, delivery_id: str) -> Delivery:
        try:
            return self.rows[owner, webhook_id, delivery_id]
        except KeyError:
            raise NotFound("no such delivery") from None

    def begin(self, delivery: Delivery, *, lease_until: str) -> Delivery | None:
        if self._stored(delivery) is None:
            return None
        taken = replace(delivery, due_at=lease_until, tries=delivery.tries + 1)
        self.rows[delivery.owner, delivery.webhook_id, delivery.id] = taken
        return taken

    def end(self, delivery: Delivery, status: DeliveryStatus, *, attempt: Attempt | None, due_at: str | None) -> None:
        stored = self._stored(delivery)
        if stored is not None:
            attempts = (*stored.attempts, attempt) if attempt else stored.attempts
            ended = replace(stored, status=status, attempts=attempts, due_at=due_at)
            self.rows[delivery.owner, delivery.webhook_id, delivery.id] = ended

    def page(self, owner: str, webhook_id: str, *, limit: int, cursor: str | None) -> DeliveryPage:
        if cursor is not None and not cursor.isalnum():
            raise InvalidInput("cursor", expected="the next_cursor of an earlier page", found=cursor)
        mine = [one for key, one in sorted(self.rows.items(), reverse=True) if key[:2] == (owner, webhook_id)]
        rest = [one for one in mine if cursor is None or one.id < cursor]
        return DeliveryPage(tuple(rest[:limit]), rest[limit - 1].id if len(rest) > limit else None)

    def delete_all(self, owner: str, webhook_id: str) -> None:
        for key in [key for key in self.rows if key[:2] == (owner, webhook_id)]:
            del self.rows[key]

    def _stored(self, delivery: Delivery) -> Delivery | None:
        stored = self.rows.get((delivery.owner, delivery.webhook_id, delivery.id))
        return stored if stored is not None and stored.due_at == delivery.due_at is not None else None


class InMemoryOutbox:
    """Implements workflows.webhook_ports.Outbox."""

    def __init__(self, deliveries: InMemoryDeliveries) -> None:
        self.events: dict[tuple[str, str], OutboxEvent] = {}
        self._deliveries = deliveries

    def get(self, owner: str, event_id: str) -> OutboxEvent | None:
        return self.events.get((owner, event_id))

    def settle(self, event: OutboxEvent) -> None:
        self.events.pop((event.owner, event.id), None)

    def due(self, now: str, *, limit: int) -> Sequence[OutboxEvent | Delivery]:
        late = [one for one in self._deliveries.rows.values() if one.due_at is not None and one.due_at <= now]
        return [*self.events.values(), *sorted(late, key=lambda one: one.due_at or "")][:limit]


@dataclass
class RecordingBus:
    """Implements workflows.webhook_ports.EventBus: keeps what it was given, or fails as it is told to."""

    published: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failure: SottoError | None = None

    def publish(self, event_type: str, detail: Mapping[str, Any]) -> None:
        if self.failure:
            raise self.failure
        self.published.append((event_type, dict(detail)))


@dataclass
class RecordingSender:
    """Implements workflows.webhook_ports.Sender: answers what it is told to, and keeps what it was given."""

    answer: Sent = field(default_factory=lambda: Sent(204, None, 0.1))
    sent: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def check(self, url: str) -> None:
        if "internal" in url:
            raise InvalidInput("url", expected="a host whose addresses are all on the internet", found=url)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        self.sent.append((url, dict(headers), body))
        return self.answer
