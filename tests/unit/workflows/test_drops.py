"""From a dropped recording to the files beside it, with everything that may go wrong on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest

from sotto.domain.errors import NotARecording, StorageUnavailable, Unavailable
from sotto.domain.identity import Role, User
from sotto.domain.job import Job, JobStatus
from sotto.domain.outbox import OutboxEvent
from sotto.domain.quotas import Quotas
from sotto.workflows.answer_drop import AnswerDrop
from sotto.workflows.fail_drop import FailDrop
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.take_drop import TakeDrop
from sotto.workflows.tell_outbox import TellOutbox
from tests.examples import OWNER
from tests.fakes.drops import InMemoryDropNames, InMemoryDrops
from tests.unit.workflows.conftest import Service

TALK = f"dropbox/{OWNER}/talks/talk.mp3"
BESIDE = f"dropbox/{OWNER}/talks/talk"
ADA = User(OWNER, "ada@example.org", Role.USER, "hash", "2026-11-22T12:00:00.000Z")


@dataclass
class Dropbox:
    """The service, and what it does for droppers. `told` counts the events that were handled."""

    service: Service
    user: User | None = ADA
    told: int = 0
    outcomes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        service = self.service
        self.bucket = service.objects
        self.drops = InMemoryDrops(service.objects)
        self.answer = AnswerDrop(service.jobs, service.objects, self.drops, InMemoryDropNames())
        self.take = TakeDrop(
            service.jobs,
            service.objects,
            self.drops,
            user=lambda user_id: self.user if user_id == OWNER else None,
            was_deleted=lambda owner, job_id: service.receipts.find(owner, job_id) is not None,
            quotas=KeepQuotas(service.usage, service.quotas, service.clock),
            answer=self.answer,
            clock=service.clock,
            offered_models=frozenset({"tiny.en", "base"}),
            default_model="tiny.en",
            max_upload_bytes=10**6,
        )
        self.fail = FailDrop(service.jobs, self.drops, self.answer, service.fail)

    def drop(self, key: str = TALK, content: bytes = b"100", **tags: str) -> str:
        """Put the object and deliver its event; what intake said."""
        self.drops.tags[key] = {f"sotto:{name}": value for name, value in tags.items()}
        return self.take(key, self.bucket.put(key, content).version_id)

    def arrive(self) -> None:
        """The bucket's events of the copies that were made."""
        for key in [key for key in self.bucket.versions if key.startswith("uploads/")]:
            self.service.arrive(key)

    def work(self) -> None:
        for part in self.service.queue.parts:
            self.service.transcribe(part)
        self.service.queue.sent.clear()

    def tell(self) -> list[str]:
        """Hand out what has ended since the last time."""
        events, self.told = self.service.jobs.events[self.told :], len(self.service.jobs.events)
        return [self.answer(event) for event in events]

    def run(self) -> list[str]:
        self.arrive()
        self.work()
        return self.tell()

    @property
    def jobs(self) -> list[Job]:
        return sorted(self.service.jobs.rows.values(), key=lambda job: job.id)

    def text(self, key: str) -> str | None:
        content = self.bucket.read(key)
        return content.decode() if content is not None else None

    def answers(self) -> set[str]:
        endings = (".txt", ".srt", ".vtt", ".json")
        return {key for key in self.bucket.versions if key.startswith("dropbox/") and key.endswith(endings)}


@pytest.fixture
def dropbox(service: Service) -> Dropbox:
    return Dropbox(service)


def test_results_lie_beside_what_was_dropped(dropbox: Dropbox) -> None:
    assert dropbox.drop() == "taken"
    assert dropbox.run() == ["results_written"]
    (job,) = dropbox.jobs
    assert (job.status, job.name, job.owner) == (JobStatus.COMPLETED, "talk.mp3", OWNER)
    assert dropbox.answers() == {f"{BESIDE}.{extension}" for extension in ("txt", "srt", "vtt", "json")}
    assert json.loads(dropbox.text(f"{BESIDE}.json") or "")["job_id"] == job.id
    assert dropbox.text(TALK) == "100", "what was dropped stays"


def test_no_answer_starts_a_job(dropbox: Dropbox) -> None:
    dropbox.drop()
    dropbox.run()
    for key in dropbox.answers():
        assert dropbox.take(key, "") == "not_a_drop"
    assert len(dropbox.jobs) == 1


def test_the_same_event_twice_is_one_job(dropbox: Dropbox) -> None:
    dropbox.drop()
    assert dropbox.take(TALK, "1") == "taken"
    dropbox.arrive()
    assert dropbox.take(TALK, "1") == "already_taken_in"
    assert len(dropbox.jobs) == len(dropbox.bucket.versions[f"uploads/{OWNER}/{dropbox.jobs[0].id}/talk.mp3"]) == 1


def test_a_crash_between_row_and_copy_is_repaired_by_the_next_delivery(dropbox: Dropbox) -> None:
    copy = dropbox.drops.copy

    def break_down(*_: object, **__: object) -> None:
        raise StorageUnavailable("bucket: expected an answer, found none")

    dropbox.drops.copy = break_down  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        dropbox.drop()
    dropbox.drops.copy = copy  # type: ignore[method-assign]
    assert dropbox.take(TALK, "1") == "taken"
    assert dropbox.run() == ["results_written"]


def test_a_drop_whose_event_was_lost_on_the_way_is_announced_again(dropbox: Dropbox) -> None:
    dropbox.drop()
    (job,) = dropbox.jobs
    dropbox.bucket.delete_prefix("uploads/")  # as if the copy had never been made
    dropbox.service.clock.forward(1000)
    assert dropbox.service.reconcile() == {"dropped_again": 1}
    assert dropbox.service.arrivals.announced == [TALK]
    assert dropbox.take(TALK, "") == "taken"
    assert dropbox.run() == ["results_written"]
    assert dropbox.service.now(job).status is JobStatus.COMPLETED


def test_each_version_is_a_job_and_the_newest_has_the_answer(dropbox: Dropbox) -> None:
    dropbox.drop(content=b"100")
    dropbox.drop(content=b"50")
    dropbox.arrive()
    assert len(dropbox.jobs) == 2
    parts = sorted(dropbox.service.queue.parts, key=lambda part: part.source.duration_s)
    for part in parts:  # the newer one ends first
        dropbox.service.transcribe(part)
    assert sorted(dropbox.tell()) == ["newer_dropped", "results_written"]
    assert json.loads(dropbox.text(f"{BESIDE}.json") or "")["recording"]["duration_s"] == 50.0


def test_what_was_dropped_may_be_taken_away_meanwhile(dropbox: Dropbox) -> None:
    dropbox.drop()
    del dropbox.bucket.versions[TALK]
    assert dropbox.run() == ["results_written"]


def test_equal_names_in_different_folders_do_not_meet(dropbox: Dropbox) -> None:
    other = f"dropbox/{OWNER}/other/talk.mp3"
    dropbox.drop(content=b"100")
    dropbox.drop(other, content=b"50")
    assert len(dropbox.jobs) == 2
    assert dropbox.run() == ["results_written"] * 2
    lengths = [
        json.loads(dropbox.text(f"{stem}.json") or "")["recording"]["duration_s"] for stem in (BESIDE, other[:-4])
    ]
    assert lengths == [100.0, 50.0]


def test_equal_stems_in_one_folder_answer_under_different_names(dropbox: Dropbox) -> None:
    dropbox.drop(content=b"100")
    dropbox.run()
    dropbox.drop(f"{BESIDE}.wav", content=b"50")
    dropbox.run()
    lengths = {
        key: json.loads(dropbox.text(key) or "")["recording"]["duration_s"]
        for key in dropbox.answers()
        if key.endswith(".json")
    }
    assert lengths == {f"{BESIDE}.json": 100.0, f"{BESIDE}.wav.json": 50.0}


def test_options_come_from_the_nearest_file_and_from_tags(dropbox: Dropbox) -> None:
    dropbox.bucket.put(f"dropbox/{OWNER}/sotto.json", b'{"model": "base", "beam_size": 2}')
    dropbox.bucket.put(f"dropbox/{OWNER}/talks/sotto.json", b'{"beam_size": 3, "prompt": "Sotto"}')
    dropbox.drop(prompt="Whisper")
    dropbox.drop(f"dropbox/{OWNER}/talk.wav", content=b"50")
    options = {job.size_bytes: job.options for job in dropbox.jobs}
    near, far = options[3], options[2]
    assert (near.model, near.beam_size, near.prompt) == ("tiny.en", 3, "Whisper")
    assert (far.model, far.beam_size) == ("base", 2)


REFUSED = [
    ({"content": b""}, "recording_empty"),
    ({"content": b"1" * (10**6 + 1)}, "recording_too_large"),
    ({"model": "large-v3"}, "invalid_input"),
    ({"language": "xx"}, "invalid_input"),
]


@pytest.mark.parametrize(("dropped", "code"), REFUSED)
def test_what_cannot_become_a_job_is_answered_and_nothing_is_lost(dropbox: Dropbox, dropped: dict, code: str) -> None:
    assert dropbox.drop(**dropped) == code
    assert dropbox.jobs == []
    assert TALK in dropbox.bucket.versions
    text = dropbox.text(f"{BESIDE}.error.txt") or ""
    assert f"code: {code}\n" in text
    assert "job: none\n" in text
    assert "hint: " in text


@pytest.mark.parametrize("content", [b"{", b'{"modle": 1}', b" " * 65 * 1024])
def test_a_bad_options_file_is_answered_and_a_good_one_heals_it(dropbox: Dropbox, content: bytes) -> None:
    dropbox.bucket.put(f"dropbox/{OWNER}/sotto.json", content)
    assert dropbox.drop() == "invalid_input"
    assert f"{BESIDE}.error.txt" in dropbox.answers()
    dropbox.bucket.put(f"dropbox/{OWNER}/sotto.json", b"{}")
    assert dropbox.drop() == "taken"
    dropbox.run()
    assert f"{BESIDE}.error.txt" not in dropbox.answers()
    assert f"{BESIDE}.txt" in dropbox.answers()


def test_a_folder_of_nobody_and_a_disabled_account_are_refused(dropbox: Dropbox) -> None:
    assert dropbox.drop("dropbox/nobody/talk.mp3") == "not_found"
    assert "GET /v1/account" in (dropbox.text("dropbox/nobody/talk.error.txt") or "")
    dropbox.user = replace(ADA, disabled=True)
    assert dropbox.drop() == "forbidden"
    assert dropbox.jobs == []


def test_a_quota_that_is_used_up_is_answered(service: Service) -> None:
    service.quotas = Quotas(concurrent_jobs=1)
    dropbox = Dropbox(service)
    assert dropbox.drop() == "taken"
    assert dropbox.drop(f"dropbox/{OWNER}/second.mp3") == "limit_reached"
    assert "concurrent jobs" in (dropbox.text(f"dropbox/{OWNER}/second.error.txt") or "")


def test_a_job_that_fails_or_is_cancelled_is_answered(dropbox: Dropbox) -> None:
    dropbox.service.probe.error = NotARecording("recording: expected sound, found text")
    dropbox.drop()
    assert dropbox.run() == ["error_written"]
    text = dropbox.text(f"{BESIDE}.error.txt") or ""
    assert "code: not_a_recording\nmessage: recording: expected sound, found text\n" in text
    assert f"job: {dropbox.jobs[0].id}\n" in text
    dropbox.service.probe.error = None
    dropbox.drop()
    (second,) = [job for job in dropbox.jobs if job.status is JobStatus.AWAITING_UPLOAD]
    dropbox.service.cancel(OWNER, second.id)
    assert dropbox.tell() == ["error_written"]
    assert "code: cancelled\n" in (dropbox.text(f"{BESIDE}.error.txt") or "")


def test_a_retry_answers_again_and_late_news_of_the_first_attempt_do_not(dropbox: Dropbox) -> None:
    dropbox.service.probe.error = NotARecording("recording: expected sound, found text")
    dropbox.drop()
    dropbox.arrive()
    (job,) = dropbox.jobs
    dropbox.service.probe.error = None
    dropbox.service.retry(OWNER, job.id, job.options)
    assert dropbox.tell() == ["superseded"]
    assert dropbox.run() == ["results_written"]


def test_a_deleted_job_is_not_answered_and_leaves_the_dropped_file(dropbox: Dropbox) -> None:
    dropbox.drop()
    dropbox.arrive()
    dropbox.work()
    dropbox.service.delete(OWNER, dropbox.jobs[0].id)
    assert dropbox.tell() == ["no_such_job"]
    assert set(dropbox.bucket.versions) == {TALK}
    assert dropbox.take(TALK, "1") == "deleted", "an event that comes again makes no second job under a signed receipt"
    assert dropbox.jobs == []


def test_what_another_delivery_made_and_its_owner_deleted_stays_deleted(dropbox: Dropbox) -> None:
    """The slow delivery has looked for a job and for a receipt before there was either."""
    version = dropbox.bucket.put(TALK, b"100").version_id

    def meanwhile(_: str) -> User:
        assert dropbox.take(TALK, version) == "taken"
        dropbox.service.delete(OWNER, dropbox.jobs[0].id)
        return ADA

    assert replace(dropbox.take, user=meanwhile)(TALK, version) == "deleted"
    assert dropbox.jobs == []
    assert set(dropbox.bucket.versions) == {TALK}


def test_a_job_that_was_uploaded_is_no_business_of_the_dropbox(dropbox: Dropbox) -> None:
    dropbox.service.queued(100.0)
    dropbox.work()
    assert dropbox.tell() == ["not_dropped"]


def test_a_dead_event_ends_in_an_answer_with_a_job_or_without(dropbox: Dropbox) -> None:
    dropbox.bucket.put(TALK, b"100")
    assert dropbox.fail(TALK, "1") == "answered"
    assert "code: part_failed_repeatedly" in (dropbox.text(f"{BESIDE}.error.txt") or "")
    dropbox.drop(content=b"50")
    assert dropbox.fail(TALK, "2") == "failed"
    assert dropbox.tell() == ["error_written"]
    assert dropbox.fail(f"{BESIDE}.txt", "") == "not_a_drop"
    assert dropbox.fail(f"dropbox/{OWNER}/gone.wav", "") == "object_gone"


def test_what_was_overwritten_before_its_refusal_is_not_answered(dropbox: Dropbox) -> None:
    dropbox.bucket.put(TALK, b"")
    dropbox.bucket.put(TALK, b"100")
    assert dropbox.take(TALK, "1") == "recording_empty"
    assert dropbox.answers() == set()


def test_the_dropper_is_told_before_an_event_is_settled() -> None:
    order: list[str] = []

    def answer(_: OutboxEvent) -> str:
        order.append("dropper")
        return "results_written"

    def deliver(_: object) -> str:
        order.append("webhooks")
        return "handed_to_0"

    event = OutboxEvent("1", OWNER, "job.completed", "2026-11-22T12:00:00.000Z", {})
    assert TellOutbox(answer, deliver)(event) == "results_written,handed_to_0"
    assert order == ["dropper", "webhooks"]
