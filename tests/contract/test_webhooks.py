"""Webhooks, deliveries and the outbox: what the workflows rely on, asked of the fakes and of DynamoDB alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest

from sotto.adapters.dynamo_deliveries import DynamoDeliveries
from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_outbox import DynamoOutbox
from sotto.adapters.dynamo_webhooks import DynamoWebhooks
from sotto.domain.errors import InvalidInput, NotFound, WrongState
from sotto.domain.job import JobStatus
from sotto.domain.webhooks import Attempt, Delivery, DeliveryStatus, Pause, Webhook, new_secret, rotated
from sotto.workflows.webhook_ports import Deliveries, Outbox, Webhooks
from tests.examples import NEW, NOW, OWNER
from tests.fakes.webhooks import InMemoryDeliveries, InMemoryOutbox, InMemoryWebhooks

LATER, LATEST = "2026-11-22T12:05:00.000Z", "2026-11-22T12:10:00.000Z"
WEBHOOK = Webhook(
    owner=OWNER,
    id="01K0WEBHOOK",
    url="https://hooks.example.org/",
    description="to the archive",
    events=frozenset({"job.completed"}),
    secrets=(new_secret(b"s" * 32),),
    created_at=NOW,
)
DELIVERY = Delivery(
    owner=OWNER,
    webhook_id=WEBHOOK.id,
    id="01K0DELIVERY",
    event_id="01K0EVENT",
    type="job.completed",
    body='{"type":"job.completed"}',
    created_at=NOW,
    status=DeliveryStatus.PENDING,
    due_at=NOW,
)
MADE = Attempt(at=NOW, status=503, error=None, duration_s=0.25)


@dataclass
class Stores:
    webhooks: Webhooks
    deliveries: Deliveries
    outbox: Outbox


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        deliveries = InMemoryDeliveries()
        return Stores(InMemoryWebhooks(), deliveries, InMemoryOutbox(deliveries))
    where: tuple[Any, str] = boto3.client("dynamodb"), request.getfixturevalue("table")
    return Stores(DynamoWebhooks(*where), DynamoDeliveries(*where), DynamoOutbox(*where))


def test_what_was_stored_is_read_by_its_owner_only(stores: Stores) -> None:
    stores.webhooks.add(WEBHOOK)
    assert stores.webhooks.get(OWNER, WEBHOOK.id) == WEBHOOK
    assert stores.webhooks.all(OWNER) == [WEBHOOK]
    assert stores.webhooks.all("somebody-else") == []
    with pytest.raises(NotFound):
        stores.webhooks.get("somebody-else", WEBHOOK.id)


def test_a_deleted_webhook_is_gone_and_stays_gone(stores: Stores) -> None:
    stores.webhooks.add(WEBHOOK)
    stores.webhooks.delete(OWNER, WEBHOOK.id)
    stores.webhooks.delete(OWNER, WEBHOOK.id)
    stores.webhooks.pause(WEBHOOK, Pause.GONE)
    stores.webhooks.note_success(WEBHOOK)
    assert stores.webhooks.note_failure(WEBHOOK, NOW) == NOW
    assert stores.webhooks.all(OWNER) == []
    with pytest.raises(NotFound):
        stores.webhooks.resume(WEBHOOK)
    with pytest.raises(NotFound):
        stores.webhooks.replace_secrets(WEBHOOK, WEBHOOK.secrets)


def test_of_two_rotations_at_once_one_is_refused(stores: Stores) -> None:
    stores.webhooks.add(WEBHOOK)
    fresh = rotated(WEBHOOK.secrets, new_secret(b"n" * 32), old_until=LATER)
    assert stores.webhooks.replace_secrets(WEBHOOK, fresh).secrets == fresh
    assert stores.webhooks.get(OWNER, WEBHOOK.id).secrets == fresh
    with pytest.raises(WrongState):
        stores.webhooks.replace_secrets(WEBHOOK, fresh)


def test_failing_since_is_the_first_failure_after_a_success(stores: Stores) -> None:
    stores.webhooks.add(WEBHOOK)
    assert stores.webhooks.note_failure(WEBHOOK, NOW) == NOW
    assert stores.webhooks.note_failure(WEBHOOK, LATER) == NOW
    stores.webhooks.note_success(WEBHOOK)
    assert stores.webhooks.get(OWNER, WEBHOOK.id).failing_since is None
    assert stores.webhooks.note_failure(WEBHOOK, LATEST) == LATEST


def test_a_paused_webhook_is_resumed_with_a_clean_slate(stores: Stores) -> None:
    stores.webhooks.add(WEBHOOK)
    stores.webhooks.note_failure(WEBHOOK, NOW)
    stores.webhooks.pause(WEBHOOK, Pause.FAILING)
    assert stores.webhooks.get(OWNER, WEBHOOK.id).paused is Pause.FAILING
    resumed = stores.webhooks.resume(WEBHOOK)
    assert (resumed.paused, resumed.failing_since) == (None, None)
    assert stores.webhooks.get(OWNER, WEBHOOK.id) == WEBHOOK


def test_a_delivery_is_stored_once(stores: Stores) -> None:
    assert stores.deliveries.add(DELIVERY)
    assert not stores.deliveries.add(replace(DELIVERY, body="other"))
    assert stores.deliveries.get(OWNER, WEBHOOK.id, DELIVERY.id) == DELIVERY
    with pytest.raises(NotFound):
        stores.deliveries.get(OWNER, "01K0OTHER", DELIVERY.id)


def test_a_try_is_taken_once_and_comes_again_when_its_lease_runs_out(stores: Stores) -> None:
    stores.deliveries.add(DELIVERY)
    taken = stores.deliveries.begin(DELIVERY, lease_until=LATER)
    assert taken is not None
    assert (taken.tries, taken.due_at) == (1, LATER)
    assert stores.deliveries.begin(DELIVERY, lease_until=LATER) is None
    assert stores.outbox.due(NOW, limit=10) == []
    assert stores.outbox.due(LATER, limit=10) == [taken]
    again = stores.deliveries.begin(taken, lease_until=LATEST)
    assert again is not None
    assert again.tries == 2
    stores.deliveries.end(taken, DeliveryStatus.DELIVERED, attempt=MADE, due_at=None)  # too late: it lost its lease
    assert stores.deliveries.get(OWNER, WEBHOOK.id, DELIVERY.id) == again


def test_a_failed_try_is_noted_and_due_again(stores: Stores) -> None:
    stores.deliveries.add(DELIVERY)
    taken = stores.deliveries.begin(DELIVERY, lease_until=LATER)
    assert taken is not None
    stores.deliveries.end(taken, DeliveryStatus.PENDING, attempt=MADE, due_at=LATEST)
    stored = stores.deliveries.get(OWNER, WEBHOOK.id, DELIVERY.id)
    assert (stored.attempts, stored.due_at, stored.tries) == ((MADE,), LATEST, 1)
    assert stores.outbox.due(LATEST, limit=10) == [stored]


def test_an_ended_delivery_is_never_due(stores: Stores) -> None:
    stores.deliveries.add(DELIVERY)
    taken = stores.deliveries.begin(DELIVERY, lease_until=LATER)
    assert taken is not None
    stores.deliveries.end(taken, DeliveryStatus.DELIVERED, attempt=replace(MADE, status=204), due_at=None)
    stored = stores.deliveries.get(OWNER, WEBHOOK.id, DELIVERY.id)
    assert (stored.status, stored.due_at) == (DeliveryStatus.DELIVERED, None)
    assert stores.deliveries.begin(stored, lease_until=LATEST) is None
    assert stores.outbox.due("2999", limit=10) == []


def test_a_held_delivery_is_stored_without_being_due(stores: Stores) -> None:
    held = replace(DELIVERY, status=DeliveryStatus.HELD, due_at=None)
    stores.deliveries.add(held)
    assert stores.deliveries.get(OWNER, WEBHOOK.id, DELIVERY.id) == held
    assert stores.outbox.due("2999", limit=10) == []


def test_the_log_runs_from_new_to_old_in_pages(stores: Stores) -> None:
    for n in range(3):
        stores.deliveries.add(replace(DELIVERY, id=f"01K0DELIVERY{n}"))
    stores.deliveries.add(replace(DELIVERY, webhook_id="01K0OTHER"))
    seen, cursor = [], None
    while True:
        page = stores.deliveries.page(OWNER, WEBHOOK.id, limit=2, cursor=cursor)
        seen += [one.id for one in page.deliveries]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == ["01K0DELIVERY2", "01K0DELIVERY1", "01K0DELIVERY0"]
    with pytest.raises(InvalidInput):
        stores.deliveries.page(OWNER, WEBHOOK.id, limit=2, cursor="not/a/cursor")


def test_a_webhooks_log_goes_as_a_whole(stores: Stores) -> None:
    stores.deliveries.add(DELIVERY)
    stores.deliveries.add(replace(DELIVERY, webhook_id="01K0OTHER"))
    stores.deliveries.delete_all(OWNER, WEBHOOK.id)
    assert stores.deliveries.page(OWNER, WEBHOOK.id, limit=10, cursor=None).deliveries == ()
    assert len(stores.deliveries.page(OWNER, "01K0OTHER", limit=10, cursor=None).deliveries) == 1


def test_an_event_waits_until_it_is_settled(table: str) -> None:
    """The fake's events are put by tests, so this asks the table alone: dynamo_jobs writes, dynamo_outbox reads."""
    jobs, outbox = DynamoJobs(boto3.client("dynamodb"), table), DynamoOutbox(boto3.client("dynamodb"), table)
    jobs.create(NEW, due_at=NOW)
    jobs.move(NEW, JobStatus.CANCELLED)
    (event,) = outbox.due("2999", limit=10)
    assert outbox.get(OWNER, event.id) == event
    outbox.settle(event)  # type: ignore[arg-type]
    assert outbox.get(OWNER, event.id) is None
    assert outbox.due("2999", limit=10) == []
    assert outbox.get(OWNER, "01K0NOTHING") is None
