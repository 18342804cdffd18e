"""Mail and the event bus over fakes: who is told, what is in the message, and what happens when it is not taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sotto.domain.errors import EventBusUnavailable, Failure, MailUnavailable
from sotto.domain.identity import Role, User
from sotto.domain.job import JobStatus
from sotto.domain.outbox import job_event
from sotto.domain.webhooks import WAITS_S, DeliveryStatus
from sotto.workflows.mail_job_ends import MailJobEnds
from sotto.workflows.publish_job_ends import PublishJobEnds
from tests.examples import JOB_ID, OWNER, QUEUED
from tests.fakes.identity import FakeMailer, FakeUsers
from tests.fakes.webhooks import RecordingBus
from tests.unit.workflows.test_webhooks import World

ADA = User(OWNER, "ada@example.org", Role.USER, "$argon2id$...", "2026-11-22T12:00:00.000Z", job_mails=True)


class Channels(World):
    def __init__(self, *, web_url: str = "https://sotto.example.org") -> None:
        super().__init__()
        self.users, self.mailer, self.bus = FakeUsers(), FakeMailer(), RecordingBus()
        mail = MailJobEnds(self.users, self.mailer, web_url)
        self.deliver = replace(self.deliver, channels={"mail": mail, "event-bus": PublishJobEnds(self.bus)})

    def by(self, channel: str) -> list[DeliveryStatus]:
        return [one.status for key, one in self.deliveries.rows.items() if key[1] == channel]


@pytest.fixture
def world() -> Channels:
    made = Channels()
    made.users.add(ADA)
    return made


def test_who_asked_for_it_is_mailed_once_that_a_transcript_is_ready(world: Channels) -> None:
    event = world.happens()
    world.deliver(event)
    world.deliver(event)
    assert world.sweep() == ["delivered", "delivered"]
    assert world.sweep() == []
    (mail,) = world.mailer.sent
    assert (mail.to, mail.subject) == ("ada@example.org", "Your transcript is ready")
    assert f"https://sotto.example.org/#/recordings/{JOB_ID}" in mail.text
    assert QUEUED.name not in mail.text, "a mail outlives the job"


def test_a_failed_job_is_mailed_with_its_reason(world: Channels) -> None:
    failure = Failure("recording_damaged", "track: expected an end, found none", "Copy it again.")
    event = job_event(replace(QUEUED, status=JobStatus.FAILED, failure=failure), "EVENT1", world.clock())
    world.deliver(event)
    world.sweep()
    (mail,) = world.mailer.sent
    assert failure.message in mail.text
    assert failure.hint in mail.text


def test_without_a_web_app_a_mail_names_the_job() -> None:
    world = Channels(web_url="")
    world.users.add(ADA)
    world.happens()
    world.sweep()
    world.sweep()
    assert f"Job {JOB_ID}" in world.mailer.sent[0].text
    assert "://" not in world.mailer.sent[0].text


@pytest.mark.parametrize("changes", [{"job_mails": False}, {"disabled": True}])
def test_who_did_not_ask_for_it_or_is_shut_out_gets_no_mail(world: Channels, changes: dict[str, bool]) -> None:
    world.users.change(OWNER, **changes)
    world.happens()
    assert world.sweep() == ["handed_to_1"]
    assert world.by("mail") == []


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.EXPIRED])
def test_what_the_owner_did_is_not_mailed(world: Channels, status: JobStatus) -> None:
    world.happens(status=status)
    world.sweep()
    assert world.by("mail") == []
    assert world.by("event-bus") == [DeliveryStatus.PENDING]


def test_a_wish_that_was_taken_back_meanwhile_is_respected(world: Channels) -> None:
    world.happens()
    world.sweep()
    world.users.change(OWNER, job_mails=False)
    assert sorted(world.sweep()) == ["delivered", "refused"]
    assert world.mailer.sent == []
    assert world.by("mail") == [DeliveryStatus.FAILED]


def test_mail_that_does_not_leave_is_noted_and_tried_again_until_it_does(world: Channels) -> None:
    world.mailer.failure = MailUnavailable("mail: expected an answer, found Throttling")
    world.happens()
    world.sweep()
    assert sorted(world.sweep()) == ["delivered", "to_be_tried_again"]
    assert world.noted == [("mail", "mail_unavailable")]
    world.mailer.failure = None
    world.clock.forward(WAITS_S[0])
    assert world.sweep() == ["delivered"]
    (sent,) = [one for key, one in world.deliveries.rows.items() if key[1] == "mail"]
    assert [one.error for one in sent.attempts] == ["mail_unavailable", None]


def test_a_channel_that_is_down_for_days_is_given_up(world: Channels) -> None:
    world.bus.failure = EventBusUnavailable("event bus: expected an answer, found ResourceNotFoundException")
    world.happens(status=JobStatus.CANCELLED)
    world.sweep()
    outcomes = []
    for wait in (*WAITS_S, 0):
        outcomes += world.sweep()
        world.clock.forward(wait)
    assert outcomes == ["to_be_tried_again"] * len(WAITS_S) + ["given_up"]
    assert world.by("event-bus") == [DeliveryStatus.FAILED]


def test_the_bus_is_told_of_every_end_and_whose_job_it_was(world: Channels) -> None:
    event = world.happens()
    world.sweep()
    world.sweep()
    ((kind, detail),) = world.bus.published
    assert kind == "job.completed"
    assert detail == {
        "id": event.id,
        "owner": OWNER,
        "type": "job.completed",
        "timestamp": event.occurred_at,
        "data": event.data,
    }


def test_what_was_stored_for_a_bus_that_was_turned_off_goes(world: Channels) -> None:
    world.happens(status=JobStatus.CANCELLED)
    world.sweep()
    world.deliver = replace(world.deliver, channels={})
    assert world.sweep() == ["no_such_webhook"]
    assert world.deliveries.rows == {}
