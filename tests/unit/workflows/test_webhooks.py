"""Webhooks over fakes: who is told, what happens when a receiver fails, and that nothing is sent twice or lost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sotto.domain.errors import InvalidInput, NotFound, WrongState
from sotto.domain.job import JobStatus
from sotto.domain.outbox import OutboxEvent, job_event
from sotto.domain.webhooks import MAX_WEBHOOKS, WAITS_S, DeliveryStatus, Pause, Sent, Webhook
from sotto.workflows.deliver_webhooks import LEASE_S, DeliverWebhooks
from sotto.workflows.manage_webhooks import ManageWebhooks
from sotto.workflows.moments import iso
from tests.examples import OWNER, QUEUED
from tests.fakes.clock import Clock
from tests.fakes.webhooks import InMemoryDeliveries, InMemoryOutbox, InMemoryWebhooks, RecordingSender

URL = "https://hooks.example.org/sotto"


class World:
    def __init__(self) -> None:
        self.clock, self.sender = Clock(), RecordingSender()
        self.webhooks, self.deliveries = InMemoryWebhooks(), InMemoryDeliveries()
        self.outbox = InMemoryOutbox(self.deliveries)
        numbers: Iterator[int] = itertools.count(100)
        self.manage = ManageWebhooks(
            self.webhooks,
            self.deliveries,
            self.sender,
            self.clock,
            new_id=lambda: f"ID{next(numbers)}",
            random=lambda count: bytes([next(numbers)]) * count,
            plain_http=False,
        )
        self.deliver = DeliverWebhooks(
            self.webhooks,
            self.deliveries,
            self.outbox,
            self.sender,
            self.clock,
            chance=lambda: 0.0,
            agent="Sotto/1",
            channels={},
            on_failure=lambda delivery, error: self.noted.append((delivery.webhook_id, error.code)),
        )
        self.noted: list[tuple[str, str]] = []

    def happens(self, event_id: str = "EVENT1", status: JobStatus = JobStatus.COMPLETED) -> OutboxEvent:
        event = job_event(replace(QUEUED, status=status), event_id, self.clock())
        self.outbox.events[event.owner, event.id] = event
        return event

    def sweep(self) -> list[str]:
        return [self.deliver(row) for row in self.outbox.due(iso(self.clock()), limit=100)]

    def log(self, webhook: Webhook):
        return self.manage.log(OWNER, webhook.id, limit=100, cursor=None).deliveries


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def webhook(world: World) -> Webhook:
    return world.manage.add(OWNER, URL, [], "")


def test_an_event_reaches_the_endpoints_that_want_it(world: World, webhook: Webhook) -> None:
    failures = world.manage.add(OWNER, f"{URL}/failures", ["job.failed"], "")
    event = world.happens()
    assert world.sweep() == ["handed_to_1"]
    assert world.sweep() == ["delivered"]
    ((url, headers, body),) = world.sender.sent
    assert url == URL
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "Sotto/1"
    assert headers["webhook-id"] == event.id
    assert json.loads(body) == {"type": "job.completed", "timestamp": event.occurred_at, "data": event.data}
    (delivery,) = world.log(webhook)
    assert delivery.status is DeliveryStatus.DELIVERED
    assert world.log(failures) == ()
    assert world.sweep() == []


def test_an_event_that_is_handed_out_twice_is_sent_once(world: World, webhook: Webhook) -> None:
    event = world.happens()
    world.deliver(event)
    world.deliver(event)
    (pending,) = world.log(webhook)
    assert world.deliver(pending) == "delivered"
    assert world.deliver(pending) == "taken"
    (done,) = world.log(webhook)
    assert world.deliver(done) == "already_ended"
    assert len(world.sender.sent) == 1


def test_an_endpoint_that_is_down_for_an_hour_gets_the_message_in_the_end(world: World, webhook: Webhook) -> None:
    event = world.happens()
    world.sender.answer = Sent(None, "no_connection", 0.1)
    world.sweep()
    for wait in WAITS_S[:5]:
        assert world.sweep() == ["to_be_tried_again"]
        (pending,) = world.log(webhook)
        assert world.deliver(pending) == "not_due", "a repeated record brings no try forward"
        world.clock.forward(wait - 1)
        assert world.sweep() == []
        world.clock.forward(1)
    assert world.webhooks.get(OWNER, webhook.id).failing_since is not None
    world.sender.answer = Sent(200, None, 0.1)
    assert world.sweep() == ["delivered"]
    assert world.webhooks.get(OWNER, webhook.id).failing_since is None
    assert {headers["webhook-id"] for _, headers, _ in world.sender.sent} == {event.id}
    (done,) = world.log(webhook)
    assert [one.error for one in done.attempts] == ["no_connection"] * 5 + [None]


@pytest.mark.parametrize("answer", [Sent(500, None, 0.1), Sent(302, None, 0.1), Sent(None, "address_refused", 0.0)])
def test_an_endpoint_that_fails_for_a_day_is_paused_and_what_comes_is_held(
    world: World, webhook: Webhook, answer: Sent
) -> None:
    world.sender.answer = answer
    world.happens()
    world.sweep()
    outcomes = []
    for wait in (*WAITS_S, 0):
        outcomes += world.sweep()
        world.clock.forward(wait)
    assert outcomes == ["to_be_tried_again"] * len(WAITS_S) + ["paused"]
    paused = world.webhooks.get(OWNER, webhook.id)
    assert paused.paused is Pause.FAILING
    world.happens("EVENT2")
    assert world.sweep() == ["handed_to_1"]
    assert world.sweep() == []
    assert [one.status for one in world.log(webhook)] == [DeliveryStatus.HELD] * 2
    with pytest.raises(WrongState, match="paused"):
        world.manage.test(OWNER, webhook.id)
    world.manage.resume(OWNER, webhook.id)
    world.sender.answer = Sent(200, None, 0.1)
    again = world.manage.redeliver(OWNER, webhook.id, "EVENT2")
    assert world.sweep() == ["delivered"]
    assert world.sender.sent[-1][1]["webhook-id"] == "EVENT2"
    assert world.deliveries.get(OWNER, webhook.id, again.id).status is DeliveryStatus.DELIVERED


def test_one_message_is_given_up_while_others_get_through(world: World, webhook: Webhook) -> None:
    world.happens()
    world.sweep()
    world.sender.answer = Sent(400, None, 0.1)
    outcomes = []
    for wait in (*WAITS_S, 0):
        outcomes += world.sweep()
        world.webhooks.note_success(webhook)  # another message was answered well
        world.clock.forward(wait)
    assert outcomes[-1] == "given_up"
    (failed,) = world.log(webhook)
    assert (failed.status, len(failed.attempts)) == (DeliveryStatus.FAILED, len(WAITS_S) + 1)
    assert world.webhooks.get(OWNER, webhook.id).paused is None


def test_a_receiver_that_is_gone_for_good_is_paused_at_once(world: World, webhook: Webhook) -> None:
    world.happens()
    world.sweep()
    world.sender.answer = Sent(410, None, 0.1)
    assert world.sweep() == ["gone"]
    assert world.webhooks.get(OWNER, webhook.id).paused is Pause.GONE
    assert world.log(webhook)[0].status is DeliveryStatus.FAILED


def test_what_was_pending_when_the_endpoint_was_paused_is_held(world: World, webhook: Webhook) -> None:
    world.happens()
    world.sweep()
    world.webhooks.pause(webhook, Pause.FAILING)
    assert world.sweep() == ["held"]
    assert world.sender.sent == []


def test_a_try_whose_process_died_comes_again(world: World, webhook: Webhook) -> None:
    world.happens()
    world.sweep()
    (pending,) = world.log(webhook)
    world.deliveries.begin(pending, lease_until="2026-11-22T12:01:00.000Z")
    assert world.sweep() == []
    world.clock.forward(LEASE_S)
    assert world.sweep() == ["delivered"]


def test_a_removed_webhook_is_told_nothing_more(world: World, webhook: Webhook) -> None:
    world.happens()
    world.sweep()
    (pending,) = world.log(webhook)
    world.manage.remove(OWNER, webhook.id)
    assert world.deliver(pending) == "no_such_webhook"
    assert world.deliveries.rows == {}
    with pytest.raises(NotFound):
        world.manage.remove(OWNER, webhook.id)


def test_a_removed_webhooks_late_delivery_goes_too(world: World, webhook: Webhook) -> None:
    world.happens()
    world.sweep()
    world.webhooks.delete(OWNER, webhook.id)
    assert world.sweep() == ["no_such_webhook"]
    assert world.deliveries.rows == {}


def test_a_test_event_is_sent_whatever_the_filter(world: World) -> None:
    webhook = world.manage.add(OWNER, URL, ["job.failed"], "")
    delivery = world.manage.test(OWNER, webhook.id)
    assert world.sweep() == ["delivered"]
    assert json.loads(world.sender.sent[0][2])["type"] == "webhook.test"
    assert world.deliveries.get(OWNER, webhook.id, delivery.id).status is DeliveryStatus.DELIVERED


def test_a_new_secret_signs_beside_the_old_one(world: World, webhook: Webhook) -> None:
    again = world.manage.rotate(OWNER, webhook.id)
    present, old = again.secrets
    assert (old.value, old.until) == (webhook.secrets[0].value, "2026-11-23T12:00:00.000Z")
    assert present.value != old.value
    world.manage.test(OWNER, webhook.id)
    world.sweep()
    assert len(world.sender.sent[0][1]["webhook-signature"].split()) == 2
    world.clock.forward(24 * 3600)
    world.manage.test(OWNER, webhook.id)
    world.sweep()
    assert len(world.sender.sent[1][1]["webhook-signature"].split()) == 1


@pytest.mark.parametrize(
    ("url", "events", "key"),
    [("http://x.org", [], "url"), ("https://internal/", [], "url"), (URL, ["job.started"], "events")],
)
def test_what_cannot_be_is_refused(world: World, url: str, events: list[str], key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.manage.add(OWNER, url, events, "")
    assert refused.value.key == key
    assert world.webhooks.rows == {}


def test_a_user_has_so_many_webhooks_and_no_more(world: World) -> None:
    for _ in range(MAX_WEBHOOKS):
        world.manage.add(OWNER, URL, [], "")
    with pytest.raises(WrongState, match="at most"):
        world.manage.add(OWNER, URL, [], "")
