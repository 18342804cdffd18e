"""Exports that are too large for an answer, and pages of segments."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode

import pytest

from sotto.domain.edit_operations import Replace
from sotto.domain.errors import InvalidInput, NotFound, StorageUnavailable, WrongState
from sotto.domain.job import JobStatus
from sotto.domain.object_keys import transcript_key
from sotto.domain.options import Options
from sotto.domain.renderings.view import View
from sotto.workflows import read_transcript


@pytest.fixture
def completed(service):
    """A job of three parts, so of three segments."""
    job = service.queued(800.0)
    for part in service.queue.parts:
        service.transcribe(part)
    return service.now(job)


def test_what_is_too_large_for_an_answer_is_fetched_from_the_bucket(service, completed, monkeypatch) -> None:
    monkeypatch.setattr(read_transcript, "MAX_ANSWER_BYTES", 100)
    source = service.transcripts.find(completed.owner, completed.id)
    export = service.transcripts.export(source, "docx", View())
    assert export.content is None
    (key,) = exports(service)
    assert re.fullmatch(f"exports/{completed.owner}/{completed.id}/1/00001-[0-9a-f]{{16}}.docx", key)
    assert export.url == f"memory://get/{key}?version=None&expires=300"
    assert service.objects.read(key)[:2] == b"PK"


def exports(service) -> list[str]:
    return [key for key in service.objects.versions if key.startswith("exports/")]


def test_no_file_takes_the_place_of_another_view_version_or_attempt_and_all_go_with_the_job(
    service, completed, monkeypatch
) -> None:
    monkeypatch.setattr(read_transcript, "MAX_ANSWER_BYTES", 10)
    owner, job_id = completed.owner, completed.id

    def export(**view: bool) -> bytes:
        """What lies where the caller is sent."""
        url = service.transcripts.export(service.transcripts.find(owner, job_id), "srt", View(**view)).url
        found = service.objects.read(url.removeprefix("memory://get/").partition("?")[0])
        assert found
        return found

    files = [export(), export(words=True)]
    service.edits.edit(owner, job_id, 1, [Replace(op="replace", first=0, last=0, text="Sotto")], author="anna")
    files.append(export())
    again(service, service.now(completed))
    export()
    assert export() == files[0], "the second attempt heard the same"
    assert len(set(files)) == 3
    assert len(exports(service)) == 4
    assert all(len(service.objects.versions[key]) == 1 for key in exports(service) if "/1/" in key)
    service.delete(owner, job_id)
    assert service.objects.versions == {}


def test_segments_come_in_pages_to_the_end(service, completed) -> None:
    seen, cursor, firsts = [], None, []
    while True:
        source, first = service.transcripts.find_page(completed.owner, completed.id, cursor)
        page = service.transcripts.segments(source, first, 2)
        seen += page.segments
        firsts.append(page.first)
        if not (cursor := page.cursor):
            break
    assert tuple(seen) == page.transcript.segments
    assert (len(seen), firsts) == (3, [0, 2])


def again(service, job) -> None:
    """Retry the job to its end."""
    sent = len(service.queue.parts)
    service.retry(job.owner, job.id, Options(model="tiny.en"))
    service.arrive(job.recording.key)
    for part in service.queue.parts[sent:]:
        service.transcribe(part)


def test_a_cursor_of_nobody_or_of_another_attempt_than_the_named_one_is_refused(service, completed) -> None:
    def page(cursor, attempt=None):
        source, first = service.transcripts.find_page(completed.owner, completed.id, cursor, attempt=attempt)
        return service.transcripts.segments(source, first, 1)

    first = page(None)
    again(service, completed)
    for cursor in ("nonsense!", urlsafe_b64encode(b"1.x").decode()):
        with pytest.raises(InvalidInput, match="cursor: expected the next_cursor"):
            page(cursor)
    with pytest.raises(InvalidInput, match="cursor: expected the next_cursor"):
        page(first.cursor, attempt=2)
    follow = page(first.cursor)
    assert (follow.transcript.attempt, follow.first) == (1, 1)
    assert page(None).transcript.attempt == 2


def test_a_retry_keeps_what_the_earlier_attempt_said_with_its_versions(service, completed) -> None:
    owner, job_id = completed.owner, completed.id
    edit = [Replace(op="replace", first=0, last=0, text="Sotto")]
    service.edits.edit(owner, job_id, 1, edit, author="anna")
    service.retry(owner, job_id, Options(model="tiny.en"))

    def first_word(version: int | None = None, attempt: int | None = None) -> str:
        return service.transcripts.read(owner, job_id, version, attempt)[1].text.split()[0]

    with pytest.raises(WrongState):  # the second attempt has only begun
        first_word()
    assert (first_word(attempt=1), first_word(1, 1), first_word(2, 1)) == ("Sotto", "w0", "Sotto")
    service.arrive(completed.recording.key)
    for part in service.queue.parts[3:]:
        service.transcribe(part)
    assert (first_word(), first_word(attempt=2), first_word(attempt=1)) == ("w0", "w0", "Sotto")
    assert [version.number for version in service.edits.history(owner, job_id, 1)] == [2, 1]
    assert [version.number for version in service.edits.history(owner, job_id)] == [1]
    assert len(service.edits.diff(owner, job_id, 1, 2, 1)) == 1
    for attempt, version in [(0, None), (3, None), (1, 3), (2, 2)]:
        with pytest.raises(NotFound):
            first_word(version, attempt)
    service.delete(owner, job_id)
    assert service.objects.versions == {}


def test_an_attempt_that_made_no_transcript_has_none(service) -> None:
    job = service.queued(100.0)
    service.cancel(job.owner, job.id)
    again(service, job)
    with pytest.raises(WrongState, match="found CANCELLED"):
        service.transcripts.read(job.owner, job.id, None, 1)


def test_a_late_worker_of_an_earlier_attempt_changes_nothing_of_the_next(service) -> None:
    """It has read the job before the retry, and joins after the next attempt has ended."""
    job = service.queued(100.0)
    (part,) = service.queue.parts
    late, move = [], service.jobs.move

    def stopped_before_it_completes(one, target, **changes):
        service.jobs.move = move
        late.append(one)
        raise StorageUnavailable("table: gone")

    def watching(one, target, **changes):
        return (stopped_before_it_completes if target is JobStatus.COMPLETED else move)(one, target, **changes)

    service.jobs.move = watching
    with pytest.raises(StorageUnavailable):
        service.transcribe(part)
    service.cancel(job.owner, job.id)
    again(service, service.now(job))
    before = {key: list(versions) for key, versions in service.objects.versions.items() if "/2/" in key}
    service.join(late[0])
    assert {key: versions for key, versions in service.objects.versions.items() if "/2/" in key} == before
    assert service.now(job).transcript_key == transcript_key(job.owner, job.id, 2)
