"""The whole path of a job over fakes: one service, whose parts a test can break."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import BinaryIO

import pytest

from sotto.domain.errors import Rejected
from sotto.domain.job import Job
from sotto.domain.object_keys import UploadKey, transcript_key
from sotto.domain.options import Options
from sotto.domain.parts import Probed
from sotto.domain.quotas import Quotas
from sotto.domain.renderings.view import View
from sotto.domain.transcript import RecordingFacts, Transcript
from sotto.workflows.cancel_job import CancelJob
from sotto.workflows.create_job import CreateJob, NewJob
from sotto.workflows.create_jobs import CreateJobs
from sotto.workflows.delete_job import DeleteJob
from sotto.workflows.edit_transcript import EditTranscript
from sotto.workflows.fail_job import FailJob
from sotto.workflows.index_words import IndexWords
from sotto.workflows.intake_recording import IntakeRecording
from sotto.workflows.join_transcript import JoinTranscript
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.label_job import LabelJob
from sotto.workflows.list_jobs import ListJobs
from sotto.workflows.plan_recording import PartPlans
from sotto.workflows.read_job import ReadJob
from sotto.workflows.read_transcript import ReadTranscript
from sotto.workflows.reconcile_jobs import ReconcileJobs
from sotto.workflows.retry_job import RetryJob
from sotto.workflows.search_transcripts import SearchTranscripts
from sotto.workflows.sweep_deletions import SweepDeletions
from sotto.workflows.transcribe_part import TranscribePart
from sotto.workflows.upload_parts import UploadParts
from tests.examples import OWNER
from tests.fakes.clock import Clock
from tests.fakes.jobs import InMemoryJobs
from tests.fakes.objects import InMemoryObjects
from tests.fakes.queues import InMemoryArrivals, InMemoryFetches, InMemoryParts
from tests.fakes.receipts import KeyInMemory
from tests.fakes.speech import CountingSpeech
from tests.fakes.usage import InMemoryUsage
from tests.fakes.versions import InMemoryVersions
from tests.fakes.words import InMemoryWords

LEASE_S = 120


@dataclass
class SecondsProbe:
    """A recording is as many seconds long as its content says, and promises as many as `announced_s`."""

    error: Rejected | None = None
    announced_s: float | None = None

    def __call__(self, recording: BinaryIO, *, name: str, size_bytes: int, etag: str) -> Probed:
        if self.error:
            raise self.error
        seconds = float(recording.read())
        facts = RecordingFacts(
            name=name,
            size_bytes=size_bytes,
            etag=etag,
            duration_s=seconds,
            announced_s=self.announced_s,
            container="wav",
            codec="pcm_s16le",
            sample_rate=16000,
            channels=1,
        )
        return Probed(facts, ())


@dataclass
class Service:
    """The workflows wired to fakes as entry/wiring.py wires them to AWS."""

    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    objects: InMemoryObjects = field(default_factory=InMemoryObjects)
    queue: InMemoryParts = field(default_factory=InMemoryParts)
    arrivals: InMemoryArrivals = field(default_factory=InMemoryArrivals)
    fetches: InMemoryFetches = field(default_factory=InMemoryFetches)
    speech: CountingSpeech = field(default_factory=CountingSpeech)
    probe: SecondsProbe = field(default_factory=SecondsProbe)
    clock: Clock = field(default_factory=Clock)
    quotas: Quotas = field(default_factory=Quotas)

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        self.versions = InMemoryVersions(self.jobs)
        self.index = InMemoryWords()
        self.usage = InMemoryUsage(self.jobs)
        quotas = KeepQuotas(self.usage, self.quotas, self.clock)
        plans = PartPlans(self.objects, self.queue, "bucket", fast_lane_s=600)
        self.create = CreateJob(
            self.jobs,
            self.objects,
            self.clock,
            new_id=lambda: f"JOB{next(numbers)}",
            offered_models=frozenset({"tiny.en", "base"}),
            max_upload_bytes=10**9,
            upload_ttl_s=3600,
            quotas=quotas,
        )
        self.upload_parts = UploadParts(self.jobs, self.objects, 3600)
        self.intake = IntakeRecording(
            self.jobs,
            self.objects,
            self.probe,
            plans,
            self.clock,
            max_upload_bytes=10**6,
            max_recording_s=36000,
            part_s=240,
            quotas=quotas,
        )
        self.join = JoinTranscript(self.jobs, self.objects, self.clock)
        self.transcribe = TranscribePart(
            self.jobs,
            self.objects,
            self.speech,
            self.clock,
            self.join,
            new_worker=lambda: f"worker{next(numbers)}",
            lease_s=LEASE_S,
        )
        self.fail = FailJob(self.jobs, self.clock)
        self.cancel = CancelJob(self.jobs, self.objects, self.clock)
        self.retry = RetryJob(
            self.jobs, self.arrivals, self.fetches, self.clock, frozenset({"tiny.en", "base"}), quotas
        )
        self.list = ListJobs(self.jobs)
        self.label = LabelJob(self.jobs)
        self.create_jobs = CreateJobs(self.create)
        self.read = ReadJob(self.jobs, self.objects, self.clock)
        self.transcripts = ReadTranscript(self.jobs, self.objects, self.versions)
        self.edits = EditTranscript(
            self.transcripts, self.objects, self.versions, self.clock, new_name=lambda: f"name{next(numbers)}"
        )
        self.index_words = IndexWords(self.transcripts, self.index)
        self.search = SearchTranscripts(self.jobs, self.index)
        self.receipts, self.receipt_key = self.jobs.receipts, KeyInMemory()
        self.delete = DeleteJob(self.jobs, self.objects, self.index, self.receipts, self.receipt_key, self.clock)
        self.sweep = SweepDeletions(self.receipts, self.delete, self.clock)
        self.reconcile = ReconcileJobs(
            self.jobs, self.objects, plans, self.arrivals, self.fetches, self.join, self.clock
        )

    def accept(self, model: str = "tiny.en", size_bytes: int = 1000, **options: object) -> Job:
        request = NewJob("talk.wav", size_bytes, "audio/wav", Options.model_validate({"model": model, **options}))
        return self.create(OWNER, request, "request-1").job

    def upload(self, job: Job, seconds: float) -> str:
        key = str(UploadKey(job.owner, job.id, job.name))
        self.objects.put(key, str(seconds).encode())
        return key

    def arrive(self, key: str) -> str:
        return self.intake(key, "2026-11-22T12:00:05.000Z")

    def queued(self, seconds: float, model: str = "tiny.en") -> Job:
        """A job whose recording of `seconds` was taken in."""
        job = self.accept(model)
        assert self.arrive(self.upload(job, seconds)) == "queued"
        return self.jobs.get(job.owner, job.id)

    def now(self, job: Job) -> Job:
        return self.jobs.get(job.owner, job.id)

    def exported(self, job: Job, extension: str, version: int | None = None) -> str:
        """The job's transcript as a text file, as the API answers it."""
        source = self.transcripts.find(job.owner, job.id, version)
        view = View(title=source.job.title, tags=source.job.tags)
        return (self.transcripts.export(source, extension, view).content or b"").decode()

    def words(self, job: Job) -> list[str]:
        """The words of the stored transcript."""
        content = self.objects.read(transcript_key(job.owner, job.id, self.now(job).attempt))
        assert content is not None
        return Transcript.model_validate_json(content).text.split()


@pytest.fixture
def service() -> Service:
    return Service()
