"""The container's two doors over the real workflow, whose bucket, table and engine are fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sotto.domain.events import PartQueued
from sotto.domain.job import Job
from sotto.domain.transcript import EngineFacts
from sotto.entry import wiring
from sotto.entry.part_worker import PartWorker
from sotto.entry.telemetry import make_logger
from sotto.workflows.join_transcript import JoinTranscript
from sotto.workflows.transcribe_part import TranscribePart
from tests.examples import QUEUED
from tests.fakes.clock import Clock
from tests.fakes.jobs import InMemoryJobs
from tests.fakes.objects import InMemoryObjects
from tests.fakes.speech import CountingSpeech

FACTS = EngineFacts(engine="ctranslate2", model="tiny.en", model_sha256="cd" * 32, compute_type="int8", version="4.6")


@dataclass
class Inside:
    """What stands behind the doors, for a test to look at and to break."""

    part: PartQueued
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    objects: InMemoryObjects = field(default_factory=InMemoryObjects)
    speech: CountingSpeech = field(default_factory=CountingSpeech)
    load_model: Callable[[], EngineFacts] = lambda: FACTS

    def __post_init__(self) -> None:
        clock = Clock()
        self.objects.put(self.part.source.key, b"sound")
        job = replace(QUEUED, owner=self.part.owner, id=self.part.job_id, attempt=self.part.attempt)
        self.jobs.create(job, due_at="2026-11-22T13:00:00.000Z")
        self.worker = PartWorker(
            transcribe=lambda: TranscribePart(
                jobs=self.jobs,
                objects=self.objects,
                speech=self.speech,
                clock=clock,
                join=JoinTranscript(self.jobs, self.objects, clock),
                new_worker=lambda: "worker",
                lease_s=120,
            ),
            load_model=self._load,
            places=lambda: 1,
            logger=make_logger("transcribe"),
        )

    def _load(self) -> EngineFacts:
        return self.load_model()

    @property
    def job(self) -> Job:
        return self.jobs.get(self.part.owner, self.part.job_id)


@pytest.fixture
def body(events: Path) -> str:
    """An SQS message's body: a part of the version that the fake bucket holds."""
    part = PartQueued.model_validate_json((events / "3-part-queued.json").read_text())
    stored = InMemoryObjects().put(part.source.key, b"sound")
    source = {"version_id": stored.version_id, "etag": stored.etag, "size_bytes": stored.size_bytes}
    return part.model_copy(update={"source": part.source.model_copy(update=source)}).model_dump_json()


@pytest.fixture
def inside(body: str, monkeypatch: pytest.MonkeyPatch) -> Inside:
    inside = Inside(PartQueued.model_validate_json(body))
    monkeypatch.setattr(wiring, "part_worker", lambda: inside.worker)
    return inside
