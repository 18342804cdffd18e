"""A user's own webhooks: endpoints, secrets, tests, the log and redelivery."""

from aws_lambda_powertools.event_handler import Response

from sotto.entry import webhook_wiring
from sotto.entry.admission import admit
from sotto.entry.http import Api, answer, no_content
from sotto.entry.job_shapes import ListQuery
from sotto.entry.telemetry import make_logger
from sotto.entry.webhook_shapes import (
    DeliveriesAnswer,
    DeliveryAnswer,
    SecretAnswer,
    WebhookAnswer,
    WebhookRequest,
    WebhooksAnswer,
    WebhookShape,
)

api = Api(make_logger("webhooks"), admit)
handler = api.handler


@api.routes.post("/webhooks")
def add_webhook() -> Response[str]:
    """A new endpoint; its secret is shown here and never again."""
    owner, wanted = api.principal().user_id, api.body(WebhookRequest)
    webhook = webhook_wiring.manage_webhooks().add(owner, wanted.url, wanted.events, wanted.description)
    return answer(SecretAnswer.of(webhook), status=201, headers={"Location": f"/v1/webhooks/{webhook.id}"})


@api.routes.get("/webhooks")
def list_webhooks() -> Response[str]:
    """Every endpoint of the caller."""
    found = webhook_wiring.manage_webhooks().webhooks.all(api.principal().user_id)
    return answer(WebhooksAnswer(webhooks=[WebhookShape.of(one) for one in found]))


@api.routes.get("/webhooks/<webhook_id>")
def get_webhook(webhook_id: str) -> Response[str]:
    """One endpoint."""
    return answer(WebhookAnswer.of(webhook_wiring.manage_webhooks().webhooks.get(api.principal().user_id, webhook_id)))


@api.routes.delete("/webhooks/<webhook_id>")
def remove_webhook(webhook_id: str) -> Response[str]:
    """The endpoint and its log."""
    webhook_wiring.manage_webhooks().remove(api.principal().user_id, webhook_id)
    return no_content()


@api.routes.post("/webhooks/<webhook_id>/secret")
def rotate_secret(webhook_id: str) -> Response[str]:
    """A new secret; the old one signs beside it for a day."""
    return answer(SecretAnswer.of(webhook_wiring.manage_webhooks().rotate(api.principal().user_id, webhook_id)))


@api.routes.post("/webhooks/<webhook_id>/resume")
def resume_webhook(webhook_id: str) -> Response[str]:
    """Send again to a paused endpoint."""
    return answer(WebhookAnswer.of(webhook_wiring.manage_webhooks().resume(api.principal().user_id, webhook_id)))


@api.routes.post("/webhooks/<webhook_id>/test")
def test_webhook(webhook_id: str) -> Response[str]:
    """Send an event that means nothing."""
    sent = webhook_wiring.manage_webhooks().test(api.principal().user_id, webhook_id)
    return answer(DeliveryAnswer.of(sent), status=202)


@api.routes.get("/webhooks/<webhook_id>/deliveries")
def list_deliveries(webhook_id: str) -> Response[str]:
    """What was sent, newest first."""
    owner, query = api.principal().user_id, api.query(ListQuery)
    page = webhook_wiring.manage_webhooks().log(owner, webhook_id, limit=query.limit, cursor=query.cursor)
    return answer(DeliveriesAnswer.of(page))


@api.routes.post("/webhooks/<webhook_id>/deliveries/<delivery_id>/redeliver")
def redeliver(webhook_id: str, delivery_id: str) -> Response[str]:
    """Send a message again."""
    sent = webhook_wiring.manage_webhooks().redeliver(api.principal().user_id, webhook_id, delivery_id)
    return answer(DeliveryAnswer.of(sent), status=202)
