"""The routes of functions/webhooks."""

from __future__ import annotations

from sotto.domain.errors import WrongState
from sotto.entry.job_shapes import ListQuery
from sotto.entry.openapi.route import JSON, Door, Reply, Route
from sotto.entry.webhook_shapes import (
    DeliveriesAnswer,
    DeliveryAnswer,
    SecretAnswer,
    WebhookAnswer,
    WebhookRequest,
    WebhooksAnswer,
)

WEBHOOKS = Door(
    "webhooks",
    "Webhooks",
    "Endpoints of yours that are told how each job ended.",
    (
        Route(
            "POST",
            "/webhooks",
            "add_webhook",
            "A new endpoint; its secret is shown here and never again.",
            {201: Reply("The endpoint and its secret.", {JSON: SecretAnswer}, {"Location": "path of the endpoint"})},
            body=WebhookRequest,
            errors=(WrongState,),
        ),
        Route("GET", "/webhooks", "list_webhooks", "Every endpoint of the caller.", {200: WebhooksAnswer}),
        Route("GET", "/webhooks/{webhook_id}", "get_webhook", "One endpoint.", {200: WebhookAnswer}),
        Route("DELETE", "/webhooks/{webhook_id}", "remove_webhook", "The endpoint and its log.", {204: None}),
        Route(
            "POST",
            "/webhooks/{webhook_id}/secret",
            "rotate_secret",
            "A new secret; the old one signs beside it for a day.",
            {200: SecretAnswer},
            errors=(WrongState,),
        ),
        Route(
            "POST",
            "/webhooks/{webhook_id}/resume",
            "resume_webhook",
            "Send again to a paused endpoint.",
            {200: WebhookAnswer},
        ),
        Route(
            "POST",
            "/webhooks/{webhook_id}/test",
            "test_webhook",
            "Send an event that means nothing.",
            {202: DeliveryAnswer},
            errors=(WrongState,),
        ),
        Route(
            "GET",
            "/webhooks/{webhook_id}/deliveries",
            "list_deliveries",
            "What was sent, newest first.",
            {200: DeliveriesAnswer},
            query=ListQuery,
        ),
        Route(
            "POST",
            "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
            "redeliver",
            "Send a message again.",
            {202: DeliveryAnswer},
            errors=(WrongState,),
        ),
    ),
)
