"""Exports that are too large for an answer, and pages of segments."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

from sotto.domain.errors import InvalidInput
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
    export = service.transcripts.export(completed.owner, completed.id, "docx", View())
    key = f"exports/{completed.owner}/{completed.id}/transcript.docx"
    assert export.content is None
    assert export.url == f"memory://get/{key}?version=None&expires=300"
    assert service.objects.read(key)[:2] == b"PK"
    service.delete(completed.owner, completed.id)
    assert service.objects.versions == {}


def test_segments_come_in_pages_to_the_end(service, completed) -> None:
    seen, cursor, firsts = [], None, []
    while True:
        page = service.transcripts.segments(completed.owner, completed.id, limit=2, cursor=cursor)
        seen += page.segments
        firsts.append(page.first)
        if not (cursor := page.cursor):
            break
    assert tuple(seen) == page.transcript.segments
    assert (len(seen), firsts) == (3, [0, 2])


def test_a_cursor_of_another_attempt_or_of_nobody_is_refused(service, completed) -> None:
    page = service.transcripts.segments(completed.owner, completed.id, limit=1, cursor=None)
    service.retry(completed.owner, completed.id, Options(model="tiny.en"))
    service.arrive(completed.recording.key)
    for part in service.queue.parts[3:]:
        service.transcribe(part)
    for cursor in (page.cursor, "nonsense!", urlsafe_b64encode(b"1.x").decode()):
        with pytest.raises(InvalidInput, match="cursor: expected the next_cursor"):
            service.transcripts.segments(completed.owner, completed.id, limit=1, cursor=cursor)
