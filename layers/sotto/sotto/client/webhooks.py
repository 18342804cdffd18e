"""Webhooks: endpoints, secrets, tests, the log, redelivery."""

from __future__ import annotations

from collections.abc import Sequence

from sotto.client.answers import Answer, Pages, read, read_all, send
from sotto.client.flow import Flow, Request, at


class Webhook(Answer):
    """`events` are the types that it wants; `paused` says why nothing is sent, None while things are."""

    id: str
    url: str
    description: str
    events: list[str]
    created_at: str
    failing_since: str | None = None
    paused: str | None = None


class WebhookSecret(Answer):
    """The only answer that holds the secret. The one before it signs until `old_secret_until`."""

    webhook: Webhook
    secret: str
    old_secret_until: str | None = None


class Try(Answer):
    """`status` is the receiver's, or `error` says why there was none. `duration_s` in seconds."""

    at: str
    status: int | None = None
    error: str | None = None
    duration_s: float


class Delivery(Answer):
    """`status` is pending, delivered, failed or held; `body` is what was sent."""

    id: str
    event_id: str
    type: str
    status: str
    created_at: str
    next_try_at: str | None = None
    attempts: list[Try]
    body: str


def create(url: str, events: Sequence[str] = (), description: str = "") -> Flow[WebhookSecret]:
    """A new endpoint. No `events` means all of them."""
    body = {"url": url, "events": list(events), "description": description}
    return read(Request("POST", "/webhooks", body=body), WebhookSecret)


def mine() -> Flow[list[Webhook]]:
    """Every endpoint of the caller."""
    return read_all(Request("GET", "/webhooks"), Webhook, "webhooks")


def get(webhook_id: str) -> Flow[Webhook]:
    """One endpoint."""
    return read(Request("GET", at("/webhooks/{}", webhook_id)), Webhook, "webhook")


def delete(webhook_id: str) -> Flow[None]:
    """The endpoint and its log."""
    return send(Request("DELETE", at("/webhooks/{}", webhook_id)))


def rotate_secret(webhook_id: str) -> Flow[WebhookSecret]:
    """A new secret; for a day messages are signed with both."""
    return read(Request("POST", at("/webhooks/{}/secret", webhook_id), body={}), WebhookSecret)


def resume(webhook_id: str) -> Flow[Webhook]:
    """Send again to a paused endpoint."""
    return read(Request("POST", at("/webhooks/{}/resume", webhook_id), body={}), Webhook, "webhook")


def test(webhook_id: str) -> Flow[Delivery]:
    """Send an event that means nothing."""
    return read(Request("POST", at("/webhooks/{}/test", webhook_id), body={}), Delivery, "delivery")


def deliveries(webhook_id: str) -> Pages[Delivery]:
    """What was sent, newest first."""
    return Pages(at("/webhooks/{}/deliveries", webhook_id), "deliveries", Delivery.model_validate)


def redeliver(webhook_id: str, delivery_id: str) -> Flow[Delivery]:
    """Send a message again, as a delivery of its own."""
    request = Request("POST", at("/webhooks/{}/deliveries/{}/redeliver", webhook_id, delivery_id), body={})
    return read(request, Delivery, "delivery")
