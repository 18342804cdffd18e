"""The API's shapes of webhooks. A secret is in the answer that made it and in no other."""

from __future__ import annotations

from pydantic import Field

from sotto.domain.webhooks import Attempt, Delivery, DeliveryPage, DeliveryStatus, Pause, Webhook
from sotto.entry.job_shapes import Shape


class WebhookRequest(Shape):
    """Body of POST /webhooks. No events means all of them."""

    url: str = Field(min_length=1, max_length=2000)
    events: list[str] = Field(default=[], max_length=20)
    description: str = Field(default="", max_length=200)


class WebhookShape(Shape):
    id: str
    url: str
    description: str
    events: list[str]
    created_at: str
    failing_since: str | None
    paused: Pause | None

    @classmethod
    def of(cls, webhook: Webhook) -> WebhookShape:
        return cls(
            id=webhook.id,
            url=webhook.url,
            description=webhook.description,
            events=sorted(webhook.events),
            created_at=webhook.created_at,
            failing_since=webhook.failing_since,
            paused=webhook.paused,
        )


class WebhookAnswer(Shape):
    webhook: WebhookShape

    @classmethod
    def of(cls, webhook: Webhook) -> WebhookAnswer:
        return cls(webhook=WebhookShape.of(webhook))


class SecretAnswer(Shape):
    """`old_secret_until` is when the secret before this one stops signing."""

    webhook: WebhookShape
    secret: str
    old_secret_until: str | None

    @classmethod
    def of(cls, webhook: Webhook) -> SecretAnswer:
        present, *old = webhook.secrets
        return cls(
            webhook=WebhookShape.of(webhook), secret=present.value, old_secret_until=old[0].until if old else None
        )


class WebhooksAnswer(Shape):
    webhooks: list[WebhookShape]


class DeliveryAttemptShape(Shape):
    at: str
    status: int | None
    error: str | None
    duration_s: float

    @classmethod
    def of(cls, attempt: Attempt) -> DeliveryAttemptShape:
        return cls(at=attempt.at, status=attempt.status, error=attempt.error, duration_s=attempt.duration_s)


class DeliveryShape(Shape):
    """`event_id` is what the receiver sees as webhook-id, the same however often the message is sent."""

    id: str
    event_id: str
    type: str
    status: DeliveryStatus
    created_at: str
    next_try_at: str | None
    attempts: list[DeliveryAttemptShape]
    body: str

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryShape:
        return cls(
            id=delivery.id,
            event_id=delivery.event_id,
            type=delivery.type,
            status=delivery.status,
            created_at=delivery.created_at,
            next_try_at=delivery.due_at,
            attempts=[DeliveryAttemptShape.of(one) for one in delivery.attempts],
            body=delivery.body,
        )


class DeliveryAnswer(Shape):
    delivery: DeliveryShape

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryAnswer:
        return cls(delivery=DeliveryShape.of(delivery))


class DeliveriesAnswer(Shape):
    deliveries: list[DeliveryShape]
    next_cursor: str | None

    @classmethod
    def of(cls, page: DeliveryPage) -> DeliveriesAnswer:
        return cls(deliveries=[DeliveryShape.of(one) for one in page.deliveries], next_cursor=page.cursor)
