"""Which adapters stand behind webhooks: the API's side, and the side that sends."""

from __future__ import annotations

import random
import secrets
from functools import cache

from ulid import ULID

from sotto import __version__
from sotto.adapters.dynamo_audit import DynamoAudit
from sotto.adapters.dynamo_deliveries import DynamoDeliveries
from sotto.adapters.dynamo_outbox import DynamoOutbox
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.adapters.dynamo_webhooks import DynamoWebhooks
from sotto.adapters.eventbridge_bus import EventBridgeBus
from sotto.adapters.http_sender import HttpSender
from sotto.adapters.s3_audit import S3AuditCopies
from sotto.domain.errors import SottoError
from sotto.domain.webhooks import Delivery
from sotto.entry import aws, drop_wiring, wiring
from sotto.entry.mail_wiring import mailer
from sotto.entry.settings import NotifySettings, WebhookSettings
from sotto.entry.stream import OutboxDoor
from sotto.entry.telemetry import make_logger
from sotto.workflows.copy_audit import CopyAudit
from sotto.workflows.deliver_webhooks import DeliverWebhooks
from sotto.workflows.mail_job_ends import MailJobEnds
from sotto.workflows.manage_webhooks import ManageWebhooks
from sotto.workflows.publish_job_ends import PublishJobEnds
from sotto.workflows.tell_outbox import TellOutbox
from sotto.workflows.webhook_ports import Channel


@cache
def manage_webhooks() -> ManageWebhooks:
    settings = WebhookSettings.from_environment()
    loopback = settings.webhook_targets == "loopback"
    return ManageWebhooks(
        webhooks=DynamoWebhooks(aws.dynamodb(), settings.table),
        deliveries=DynamoDeliveries(aws.dynamodb(), settings.table),
        sender=HttpSender(loopback=loopback),
        clock=wiring.now,
        new_id=lambda: str(ULID()),
        random=secrets.token_bytes,
        plain_http=loopback,
    )


@cache
def outbox_door() -> OutboxDoor:
    settings = NotifySettings.from_environment()
    outbox = DynamoOutbox(aws.dynamodb(), settings.table)
    deliveries = DynamoDeliveries(aws.dynamodb(), settings.table)
    logger = make_logger("notify")
    users = DynamoUsers(aws.dynamodb(), settings.table)
    channels: dict[str, Channel] = {"mail": MailJobEnds(users, mailer(settings), settings.web_url)}
    if settings.event_bus:
        channels["event-bus"] = PublishJobEnds(EventBridgeBus(aws.events(), settings.event_bus))

    def note(delivery: Delivery, error: SottoError) -> None:
        logger.error("not told", channel=delivery.webhook_id, row=delivery.id, code=error.code, said=error.message)

    deliver = DeliverWebhooks(
        webhooks=DynamoWebhooks(aws.dynamodb(), settings.table),
        deliveries=deliveries,
        outbox=outbox,
        sender=HttpSender(loopback=settings.webhook_targets == "loopback"),
        clock=wiring.now,
        chance=random.random,
        agent=f"Sotto-Webhooks/{__version__}",
        channels=channels,
        on_failure=note,
    )
    tell = TellOutbox(drop_wiring.answer_drop(settings), deliver)
    return OutboxDoor(outbox, deliveries, tell, wiring.now, logger, _copy_audit(settings))


def _copy_audit(settings: NotifySettings) -> CopyAudit | None:
    if not settings.audit_bucket:
        return None
    log = DynamoAudit(aws.dynamodb(), settings.table, keep_days=0)  # only read from
    return CopyAudit(log, S3AuditCopies(aws.s3(), settings.audit_bucket))
