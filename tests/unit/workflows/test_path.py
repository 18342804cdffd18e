"""From an arrived recording to a transcript, with everything that may go wrong on the way."""

from __future__ import annotations

import pytest

from sotto.domain.errors import NotARecording, NotFound, RecordingDamaged, StorageUnavailable, Unavailable, WrongState
from sotto.domain.job import JobStatus
from sotto.domain.metering import Work
from sotto.domain.object_keys import work_key
from sotto.domain.parts import Lane
from sotto.workflows.create_job import MB
from sotto.workflows.lease import Lease, LeaseLost
from sotto.workflows.list_jobs import JobFilters
from sotto.workflows.reconcile_jobs import GIVE_UP_AFTER
from tests.examples import OWNER

ALL_WORDS = [f"w{n}" for n in range(500)]


def test_a_long_recording_is_cut_transcribed_and_joined_to_the_word(service) -> None:
    job = service.queued(500.0)
    assert job.progress.parts_total == len(service.queue.sent) == 2
    assert [service.transcribe(part) for part in service.queue.parts] == ["part_done", "completed"]
    done = service.now(job)
    assert done.status is JobStatus.COMPLETED
    assert service.words(job) == ALL_WORDS
    assert done.progress.seconds_done == 500.0
    assert done.timings.started_at
    assert done.timings.completed_at
    assert done.language == "en"
    assert service.jobs.due_at == {}


def test_a_recording_that_is_shorter_than_it_promised_completes_with_a_warning(service) -> None:
    service.probe.announced_s = 500.0
    job = service.queued(20.0)
    service.transcribe(*service.queue.parts)
    done = service.now(job)
    warning = "The file says that it lasts 500 s, but its sound ends after 20 s: it may be cut off."
    assert (done.status, done.warnings) == (JobStatus.COMPLETED, (warning,))


def test_short_recordings_take_the_fast_lane(service) -> None:
    short, long = service.queued(600.0), service.queued(601.0)
    assert {(part.job_id, lane) for lane, part in service.queue.sent} == {(short.id, Lane.FAST), (long.id, Lane.BULK)}


def test_parts_may_end_in_any_order(service) -> None:
    job = service.queued(500.0)
    for part in reversed(service.queue.parts):
        service.transcribe(part)
    assert service.words(job) == ALL_WORDS


def test_the_same_event_twice_changes_nothing(service) -> None:
    job = service.accept()
    key = service.upload(job, 500.0)
    assert service.arrive(key) == "queued"
    assert service.arrive(key) == "queued_again"  # nothing has begun: the messages may have been lost
    for part in service.queue.parts:
        service.transcribe(part)
    assert service.words(job) == ALL_WORDS
    assert sorted(service.speech.calls) == [0, 1]
    assert service.arrive(key) == "already_taken_in"


@pytest.mark.parametrize(
    ("key", "outcome"),
    [
        ("transcripts/a/b/transcript.json", "not_an_upload"),
        ("uploads/a/b", "not_an_upload"),
        ("uploads/nobody/nothing/talk.wav", "no_such_job"),
    ],
)
def test_foreign_objects_are_left_alone(service, key, outcome) -> None:
    assert service.arrive(key) == outcome


def test_only_the_jobs_own_recording_counts(service) -> None:
    job = service.accept()
    assert service.arrive(f"uploads/{job.owner}/{job.id}/other.wav") == "not_the_jobs_recording"
    assert service.arrive(f"uploads/{job.owner}/{job.id}/talk.wav") == "object_gone"
    assert service.now(job).status is JobStatus.AWAITING_UPLOAD


def test_a_bad_recording_fails_its_job_with_the_reason(service) -> None:
    service.probe.error = NotARecording("recording: expected sound, found text")
    job = service.accept()
    assert service.arrive(service.upload(job, 1.0)) == "not_a_recording"
    failed = service.now(job)
    assert failed.status is JobStatus.FAILED
    assert failed.failure == service.probe.error.failure
    assert service.queue.sent == []


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "recording_empty"), (b"1" * (10**6 + 1), "recording_too_large"), (b"36001", "recording_too_long")],
)
def test_limits_are_checked_again_after_the_upload(service, content, code) -> None:
    job = service.accept()
    service.objects.put(f"uploads/{job.owner}/{job.id}/talk.wav", content)
    assert service.arrive(f"uploads/{job.owner}/{job.id}/talk.wav") == code
    assert service.now(job).failure.code == code


def test_a_cancelled_job_takes_nothing_in(service) -> None:
    job = service.accept()
    key = service.upload(job, 500.0)
    service.jobs.move(job, JobStatus.CANCELLED)
    assert service.arrive(key) == "already_taken_in"


def test_a_worker_that_dies_is_replaced_when_its_lease_runs_out(service) -> None:
    job = service.queued(100.0)
    (part,) = service.queue.parts

    class Killed(BaseException):
        """Nothing of the worker runs after this, as after SIGKILL: release is part of what is lost."""

    def die() -> None:
        raise Killed

    release, service.jobs.release_part = service.jobs.release_part, lambda *_, **__: None
    service.speech.before_progress = die
    with pytest.raises(Killed):
        service.transcribe(part)
    service.speech.before_progress, service.jobs.release_part = lambda: None, release
    with pytest.raises(Unavailable, match="another worker") as held:
        service.transcribe(part)
    assert held.value.retry_after_s == 120
    service.clock.forward(121)
    assert service.transcribe(part) == "completed"
    assert service.words(job) == ALL_WORDS[:100]


def test_a_worker_that_lost_its_part_stops_and_counts_nothing(service) -> None:
    job = service.queued(100.0)
    (part,) = service.queue.parts

    def slow() -> None:
        service.speech.before_progress = lambda: None
        service.clock.forward(121)
        assert service.transcribe(part) == "completed"

    service.speech.before_progress = slow
    assert service.transcribe(part) == "taken_over"
    assert service.words(job) == ALL_WORDS[:100]
    assert service.now(job).progress.parts_done == 1


def test_a_lease_that_another_worker_took_is_lost(service) -> None:
    job = service.queued(500.0)
    part = service.queue.parts[0]

    def slow() -> None:
        service.speech.before_progress = lambda: None
        service.clock.forward(121)
        assert service.transcribe(part) == "part_done"

    service.speech.before_progress = slow
    assert service.transcribe(part) == "taken_over"
    assert service.transcribe(service.queue.parts[1]) == "completed"
    assert service.words(job) == ALL_WORDS


def test_an_engine_that_is_where_it_was_costs_a_request_a_second_and_hears_of_a_cancellation(service) -> None:
    job, until, asked = service.queued(500.0), "2026-11-22T12:10:00.000Z", 0
    service.jobs.claim_part(job, 0, worker="w", now=job.timings.created_at, lease_until=until)
    extend = service.jobs.extend_lease

    def counted(*given: object, **named: object) -> bool:
        nonlocal asked
        asked += 1
        return extend(*given, **named)

    service.jobs.extend_lease = counted
    with Lease(service.jobs, job, 0, worker="w", clock=service.clock, lease_s=120) as lease:
        for seconds, requests in [(0.0, 1), (0.0, 1), (30.0, 2), (30.0, 2)]:
            lease.note(seconds)
            assert asked == requests
        service.cancel(OWNER, job.id)
        lease.note(30.0)
        service.clock.forward(1)
        with pytest.raises(LeaseLost):
            lease.note(30.0)


def test_a_crash_between_the_last_part_and_the_join_is_repaired_by_the_message(service) -> None:
    job = service.queued(100.0)
    (part,) = service.queue.parts
    write = service.objects.write

    def fail_on_transcripts(key: str, content: bytes, *, content_type: str) -> None:
        if key.startswith("transcripts/"):
            raise StorageUnavailable("bucket: gone")
        write(key, content, content_type=content_type)

    service.objects.write = fail_on_transcripts
    with pytest.raises(StorageUnavailable):
        service.transcribe(part)
    assert service.now(job).status is JobStatus.PROCESSING
    service.objects.write = write
    assert service.transcribe(part) == "completed"
    assert service.speech.calls == [0]
    assert service.words(job) == ALL_WORDS[:100]


def test_a_part_result_that_cannot_be_stored_comes_again_at_once(service) -> None:
    job = service.queued(100.0)
    (part,) = service.queue.parts
    service.speech.error = StorageUnavailable("bucket: gone")
    with pytest.raises(StorageUnavailable):
        service.transcribe(part)
    service.speech.error = None
    assert service.transcribe(part) == "completed"
    assert service.words(job) == ALL_WORDS[:100]


def test_a_rejected_part_fails_the_job_and_is_not_tried_again(service) -> None:
    job = service.queued(500.0)
    service.speech.error = RecordingDamaged("recording: expected sound, found noise")
    with pytest.raises(RecordingDamaged):
        service.transcribe(service.queue.parts[0])
    assert service.now(job).failure.code == "recording_damaged"
    service.speech.error = None
    assert service.transcribe(service.queue.parts[1]) == "stale"
    assert service.speech.calls == [0]


def test_a_message_of_a_deleted_job_is_dropped(service) -> None:
    job = service.queued(100.0)
    service.delete(job.owner, job.id)
    assert service.transcribe(service.queue.parts[0]) == "stale"
    assert service.objects.versions == {}


def test_a_job_deleted_while_it_is_joined_leaves_nothing(service) -> None:
    job = service.queued(100.0)
    write = service.objects.write

    def delete_before_last(key: str, content: bytes, *, content_type: str) -> None:
        write(key, content, content_type=content_type)
        if key.endswith("transcript.vtt"):
            service.jobs.delete(job.owner, job.id)

    service.objects.write = delete_before_last
    assert service.transcribe(service.queue.parts[0]) == "completed"
    assert not [key for key in service.objects.versions if key.startswith("transcripts/")]


def test_the_language_is_decided_once(service) -> None:
    service.queued(500.0, model="base")
    for part in service.queue.parts:
        service.transcribe(part)
    assert service.speech.detections == 1


def test_a_named_language_is_not_detected(service) -> None:
    job = service.accept("base", language="de")
    service.arrive(service.upload(job, 100.0))
    service.transcribe(service.queue.parts[0])
    done = service.now(job)
    assert (service.speech.detections, done.language, done.language_probability) == (0, "de", None)


def test_progress_counts_unfinished_parts(service) -> None:
    job = service.queued(500.0)
    seen = []
    service.speech.before_progress = lambda: seen.append(service.read.get(job.owner, job.id).progress)
    service.transcribe(service.queue.parts[0])
    service.transcribe(service.queue.parts[1])
    assert [progress.seconds_done for progress in seen] == [0.0, 250.0]


def test_a_transcript_is_read_in_every_format_once_it_is_complete(service) -> None:
    job = service.queued(3.0)
    with pytest.raises(WrongState, match="expected a COMPLETED job, found QUEUED"):
        service.exported(job, "txt")
    service.transcribe(service.queue.parts[0])
    assert service.exported(job, "txt") == "w0 w1 w2\n"
    srt = service.exported(job, "srt")
    assert "00:00:00,000 --> 00:00:02,900\nw0 w1 w2" in srt
    service.objects.delete_prefix("transcripts/")
    with pytest.raises(StorageUnavailable):
        service.exported(job, "txt")


def test_a_recording_can_be_played_once_it_is_there(service) -> None:
    job = service.accept()
    with pytest.raises(NotFound, match="expected an upload"):
        service.read.recording_url(job.owner, job.id)
    job = service.queued(3.0)
    url, expires_at = service.read.recording_url(job.owner, job.id)
    assert url == f"memory://get/{job.recording.key}?version={job.recording.version_id}&expires=3600"
    assert expires_at == "2026-11-22T13:00:00.000Z"


def test_another_owner_can_do_nothing(service) -> None:
    job = service.queued(100.0)
    for attempt in (service.read.get, service.read.recording_url, service.delete):
        with pytest.raises(NotFound):
            attempt("somebody-else", job.id)
    assert service.list(OWNER, JobFilters(), limit=10, cursor=None).jobs == (job,)
    assert service.list("somebody-else", JobFilters(), limit=10, cursor=None).jobs == ()


def test_deletion_removes_objects_rows_and_open_uploads(service) -> None:
    job = service.queued(100.0)
    service.transcribe(service.queue.parts[0])
    service.delete(job.owner, job.id)
    assert (service.objects.versions, service.jobs.rows, service.jobs.part_rows) == ({}, {}, {})


def test_an_upload_that_was_begun_after_the_deletion_is_given_up_later(service) -> None:
    job = service.accept()
    service.delete(OWNER, job.id)
    service.objects.start_multipart(f"uploads/{OWNER}/{job.id}/talk.wav", content_type="audio/wav")
    service.clock.forward(3601)
    assert service.sweep() == {"stayed_deleted": 1}
    assert service.objects.multiparts == {}


def test_a_dead_part_fails_its_job_with_what_the_worker_said(service) -> None:
    job = service.queued(500.0)
    reason = RecordingDamaged("recording: broken").failure
    assert service.fail.for_part(service.queue.parts[0], reason) == "failed"
    assert service.now(job).failure == reason
    assert service.fail.for_part(service.queue.parts[1], None) == "stale"


def test_a_dead_part_without_a_reason_gets_the_general_one(service) -> None:
    job = service.queued(500.0)
    assert service.fail.for_part(service.queue.parts[1], None) == "failed"
    assert service.now(job).failure.code == "part_failed_repeatedly"


def test_a_dead_duplicate_does_no_harm(service) -> None:
    job = service.queued(500.0)
    service.transcribe(service.queue.parts[0])
    assert service.fail.for_part(service.queue.parts[0], None) == "part_is_well"
    service.jobs.claim_part(job, 1, worker="other", now="2026", lease_until="2027")
    assert service.fail.for_part(service.queue.parts[1], None) == "part_is_well"
    service.delete(job.owner, job.id)
    assert service.fail.for_part(service.queue.parts[1], None) == "no_such_job"


def test_a_dead_arrival_fails_a_job_that_still_waits(service) -> None:
    job = service.accept()
    key = service.upload(job, 10.0)
    assert service.fail.for_arrival("work/x") == "not_an_upload"
    assert service.fail.for_arrival("uploads/nobody/nothing/x") == "stale"
    assert service.fail.for_arrival(key) == "failed"
    assert service.now(job).failure.code == "part_failed_repeatedly"
    assert service.fail.for_arrival(key) == "stale"
    assert service.fail.for_arrival(str(service.queued(10.0).recording.key)) == "stale"


def test_an_upload_that_never_came_expires(service) -> None:
    job = service.accept()
    assert service.reconcile() == {}
    service.clock.forward(3600 + 301)
    assert service.reconcile() == {"expired": 1}
    assert service.now(job).status is JobStatus.EXPIRED
    assert service.now(job).failure.code == "upload_never_finished"


def test_an_upload_that_is_completed_while_it_expires_is_refused(service, monkeypatch) -> None:
    job = service.accept(size_bytes=101 * MB)
    etag, head = service.objects.put_part(job.multipart_id, 1, b"500"), service.objects.head

    def too_late(key: str) -> object:
        found = head(key)
        with pytest.raises(WrongState):
            service.objects.complete_multipart(key, job.multipart_id, [(1, etag)])
        return found

    monkeypatch.setattr(service.objects, "head", too_late)
    service.clock.forward(3901)
    assert service.reconcile() == {"expired": 1}
    assert service.objects.versions == {}


def test_an_upload_whose_event_was_lost_is_announced(service) -> None:
    job = service.accept()
    key = service.upload(job, 10.0)
    service.clock.forward(3600 + 301)
    assert service.reconcile() == {"announced_again": 1}
    assert service.arrivals.announced == [key]
    assert service.reconcile() == {}  # not again before intake had its time


def test_lost_messages_are_sent_again_for_idle_parts_only(service) -> None:
    job = service.queued(500.0)
    service.transcribe(service.queue.parts[0])
    service.queue.sent.clear()
    service.clock.forward(1000)
    assert service.reconcile() == {"queued_again": 1}
    assert [part.part.index for part in service.queue.parts] == [1]
    assert service.reconcile() == {}
    service.transcribe(service.queue.parts[0])
    assert service.words(job) == ALL_WORDS


def test_parts_in_good_hands_are_left_alone(service) -> None:
    job = service.queued(100.0)
    service.clock.forward(1000)
    service.jobs.claim_part(job, 0, worker="other", now="2026", lease_until="2027")
    service.queue.sent.clear()
    service.reconcile()
    assert service.queue.sent == []


def test_a_whole_job_that_nobody_joined_is_joined(service) -> None:
    job = service.queued(100.0)
    part = service.queue.parts[0]
    claimed = service.jobs.move(job, JobStatus.PROCESSING, due_at="2026-11-22T12:10:00.000Z")
    service.jobs.claim_part(claimed, 0, worker="w", now="2026", lease_until="2027")
    result = service.speech.transcribe_part(
        None, part.part, 100.0, part.options, language="en", language_probability=None, on_progress=lambda _: None
    )
    service.objects.write(
        work_key(job.owner, job.id, 1, 0), result.model_dump_json().encode(), content_type="application/json"
    )
    service.jobs.finish_part(
        claimed, 0, worker="w", seconds=100.0, work=Work(1.0, "2026-11-22"), due_at="2026-11-22T12:10:00.000Z"
    )
    service.clock.forward(1000)
    assert service.reconcile() == {"joined": 1}
    assert service.words(job) == ALL_WORDS[:100]


def test_a_job_that_cannot_be_saved_ends_after_two_days(service) -> None:
    job = service.queued(100.0)
    service.clock.forward(GIVE_UP_AFTER.total_seconds() + 1)
    assert service.reconcile() == {"failed": 1}
    assert service.now(job).status is JobStatus.FAILED


def test_a_plan_that_is_gone_is_left_for_the_next_round(service) -> None:
    service.queued(100.0)
    service.objects.delete_prefix("work/")
    service.clock.forward(1000)
    assert service.reconcile() == {"moved_meanwhile": 1}
