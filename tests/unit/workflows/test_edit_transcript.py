"""Versions: none is lost, none is changed, and of two editors one is told."""

from __future__ import annotations

import pytest

from sotto.domain.edit_operations import Delete, Replace
from sotto.domain.errors import InvalidInput, NotFound, VersionConflict, WrongState
from sotto.domain.options import Options
from sotto.domain.versions import VersionKind

SWAP = [Replace(op="replace", first=1, last=1, text="Sotto")]
CUT = [Delete(op="delete", first=0, last=0)]


@pytest.fixture
def job(service):
    """A completed job that says w0 w1 w2."""
    job = service.queued(3.0)
    service.transcribe(service.queue.parts[0])
    return service.now(job)


def text(service, job, version: int | None = None) -> str:
    return service.exported(job, "txt", version)


def test_an_edit_is_the_newest_version_and_the_first_stays(service, job) -> None:
    version = service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    assert (version.number, version.kind, version.author, version.operations) == (2, VersionKind.EDIT, "anna", 1)
    assert text(service, job) == "w0 Sotto w2\n"
    assert text(service, job, 1) == "w0 w1 w2\n"
    assert service.now(job).transcript_version == 2


def test_who_has_not_seen_the_newest_is_told_and_leaves_nothing(service, job) -> None:
    service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    before = set(service.objects.versions)
    with pytest.raises(VersionConflict, match="expected the newest, which is 2, found 1"):
        service.edits.edit(job.owner, job.id, 1, CUT, author="ben")
    assert set(service.objects.versions) == before


def test_of_two_who_race_one_wins_and_the_other_leaves_nothing(service, job, monkeypatch) -> None:
    add = service.versions.add

    def slower(present, version) -> None:
        monkeypatch.setattr(service.versions, "add", add)
        service.edits.edit(job.owner, job.id, 1, CUT, author="ben")
        add(present, version)

    monkeypatch.setattr(service.versions, "add", slower)
    with pytest.raises(VersionConflict):
        service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    assert text(service, job) == "w1 w2\n"
    assert len([key for key in service.objects.versions if "/versions/" in key]) == 1


def test_an_edit_of_a_job_that_is_deleted_meanwhile_leaves_nothing(service, job, monkeypatch) -> None:
    add = service.versions.add

    def later(present, version) -> None:
        service.delete(job.owner, job.id)
        add(present, version)

    monkeypatch.setattr(service.versions, "add", later)
    with pytest.raises(NotFound):
        service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    assert service.objects.versions == {}


def test_a_version_is_read_between_the_first_and_the_newest(service, job) -> None:
    for base in (1, 2):
        service.edits.edit(job.owner, job.id, base, [Delete(op="delete", first=base, last=base)], author="anna")
    assert [text(service, job, number) for number in (1, 2, 3)] == ["w0 w1 w2\n", "w0 w2\n", "w0\n"]
    with pytest.raises(NotFound, match="version: expected 1 to 3, found 9"):
        text(service, job, 9)


def test_reverting_makes_a_new_version_and_never_gives_an_id_again(service, job) -> None:
    service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    version = service.edits.revert(job.owner, job.id, 2, 1, author="ben")
    assert (version.number, version.kind, version.reverted_to) == (3, VersionKind.REVERT, 1)
    assert text(service, job) == "w0 w1 w2\n"
    service.edits.edit(job.owner, job.id, 3, SWAP, author="anna")
    _, newest = service.transcripts.read(job.owner, job.id)
    assert [word.id for word in newest.segments[0].words] == [0, 4, 2]
    assert [one.number for one in service.edits.history(job.owner, job.id)] == [4, 3, 2, 1]
    assert service.edits.history(job.owner, job.id)[-1].kind is VersionKind.ENGINE


@pytest.mark.parametrize("to", [0, 2, 3])
def test_only_an_earlier_version_is_reverted_to(service, job, to: int) -> None:
    service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    with pytest.raises(InvalidInput, match="to: expected a version before 2"):
        service.edits.revert(job.owner, job.id, 2, to, author="ben")


def test_versions_are_compared_in_both_directions(service, job) -> None:
    service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    (there,) = service.edits.diff(job.owner, job.id, 1, 2)
    (back,) = service.edits.diff(job.owner, job.id, 2, 1)
    assert (there.before, there.after) == (back.after, back.before)
    assert there.after[0].text == "Sotto"


def test_a_retry_starts_with_the_engines_version_again(service, job) -> None:
    service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    service.retry(job.owner, job.id, Options(model="base"))
    with pytest.raises(WrongState, match="expected a COMPLETED job"):
        service.edits.edit(job.owner, job.id, 2, CUT, author="anna")
    service.arrive(job.recording.key)
    service.transcribe(service.queue.parts[-1])
    assert text(service, job) == "w0 w1 w2\n"
    assert [one.number for one in service.edits.history(job.owner, job.id)] == [1]
    assert service.edits.edit(job.owner, job.id, 1, CUT, author="anna").number == 2


def test_pages_stay_with_their_version(service) -> None:
    job = service.queued(800.0)
    for part in service.queue.parts:
        service.transcribe(part)
    find = service.transcripts.find_page
    page = service.transcripts.segments(*find(job.owner, job.id), 1)
    service.edits.edit(job.owner, job.id, 1, CUT, author="anna")
    rest = service.transcripts.segments(*find(job.owner, job.id, page.cursor), 9)
    assert (rest.transcript.version, rest.first, len(rest.segments), rest.cursor) == (1, 1, 2, None)
    with pytest.raises(InvalidInput, match="cursor"):
        find(job.owner, job.id, page.cursor, 2)


def test_deleting_a_job_takes_every_version(service, job) -> None:
    service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    service.delete(job.owner, job.id)
    assert service.objects.versions == {}


def test_a_transcript_without_word_times_cannot_be_edited(service) -> None:
    job = service.queued(3.0)
    service.transcribe(service.queue.parts[0])
    key = service.now(job).transcript_key
    _, transcript = service.transcripts.read(job.owner, job.id)
    bare = without_words(transcript)
    service.objects.put(key, bare.model_dump_json(by_alias=True).encode())
    with pytest.raises(InvalidInput) as caught:
        service.edits.edit(job.owner, job.id, 1, SWAP, author="anna")
    assert "without word times" in caught.value.hint


def without_words(transcript):
    segments = tuple(segment.model_copy(update={"words": ()}) for segment in transcript.segments)
    return transcript.model_copy(update={"segments": segments})
