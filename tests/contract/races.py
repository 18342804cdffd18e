"""One service on the real adapters, whose every call to AWS is a place where something else may happen.

A worker may die at the n-th call, the n-th call may fail, or another process may run between two calls. Queues are
lists, because the test decides what is delivered when, how often and in which order. The bucket's own events are found
by looking at it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from sotto.adapters.dynamo_drop_names import DynamoDropNames
from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_outbox import DynamoOutbox
from sotto.adapters.dynamo_receipts import DynamoReceipts, deletion_exists
from sotto.adapters.dynamo_requests import DynamoRequests
from sotto.adapters.dynamo_usage import DynamoUsage
from sotto.adapters.dynamo_versions import DynamoVersions
from sotto.adapters.dynamo_words import DynamoWords
from sotto.adapters.s3_drops import S3Drops
from sotto.adapters.s3_objects import S3Objects
from sotto.domain.drops import PREFIX as DROPBOX
from sotto.domain.drops import parse_drop_key
from sotto.domain.events import FetchRequested
from sotto.domain.idempotency import once_of
from sotto.domain.identity import Role, User
from sotto.domain.job import Job, RecordingRef
from sotto.domain.options import Options
from sotto.domain.outbox import OutboxEvent
from sotto.domain.quotas import Quotas
from sotto.workflows.answer_drop import AnswerDrop
from sotto.workflows.cancel_job import CancelJob
from sotto.workflows.create_fetch import CreateFetch, NewFetch
from sotto.workflows.create_job import SINGLE_PUT_BYTES, CreateJob, NewJob
from sotto.workflows.delete_job import DeleteJob
from sotto.workflows.edit_transcript import EditTranscript
from sotto.workflows.fail_drop import FailDrop
from sotto.workflows.fail_job import FailJob
from sotto.workflows.fetch_source import FetchSource
from sotto.workflows.index_words import IndexWords
from sotto.workflows.intake_recording import IntakeRecording
from sotto.workflows.join_transcript import JoinTranscript
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.moments import iso
from sotto.workflows.plan_recording import PartPlans
from sotto.workflows.read_job import ReadJob
from sotto.workflows.read_transcript import ReadTranscript
from sotto.workflows.reconcile_jobs import ReconcileJobs
from sotto.workflows.retry_job import RetryJob
from sotto.workflows.sweep_deletions import SweepDeletions
from sotto.workflows.take_drop import TakeDrop
from sotto.workflows.transcribe_now import Recording, TranscribeNow
from sotto.workflows.transcribe_part import TranscribePart
from sotto.workflows.upload_parts import UploadParts
from tests.examples import OWNER
from tests.fakes.clock import Clock
from tests.fakes.queues import InMemoryFetches, InMemoryParts
from tests.fakes.receipts import KeyInMemory
from tests.fakes.sources import InMemorySources
from tests.fakes.speech import CountingSpeech
from tests.unit.workflows.conftest import SecondsProbe

LEASE_S = 120
MODELS = frozenset({"tiny.en"})
OPTIONS = Options(model="tiny.en")
SECONDS = 70.0  # two parts of 35 s
RECORDING = f"{SECONDS:.4f}".encode()
PARTS = [bytes([one]) for one in RECORDING]
"""As many as the smallest upload in parts has; S3 wants all but the last to have 5 MB, and moto is told not to mind."""
SOURCE = "https://example.org/talk.wav"
DROP = f"{DROPBOX}{OWNER}/talks/talk.wav"
ADA = User(OWNER, "ada@example.org", Role.USER, "hash", "2026-11-22T12:00:00.000Z")


class Killed(BaseException):
    """As SIGKILL: nothing of the process runs after it, no `except Exception` and no release."""


@dataclass
class Twist:
    """What happens before the call to AWS number `at` of an action, counted from 0."""

    at: int
    happens: Callable[[], None]


class Calls:
    """Counts calls to AWS, and lets a twist happen at one of them."""

    def __init__(self, *clients: Any) -> None:
        self._twist: Twist | None = None
        self._made = 0
        for client in clients:
            client.meta.events.register("before-call", self._before)

    def run(self, action: Callable[[], object], twist: Twist | None) -> None:
        self._twist, self._made = twist, 0
        try:
            action()
        finally:
            self._twist = None

    def _before(self, **_: object) -> None:
        twist = self._twist
        if twist is None:
            return
        if self._made == twist.at:
            self._twist = None  # what happens makes calls of its own
            twist.happens()
        self._made += 1


def die() -> None:
    raise Killed


def fail() -> None:
    raise EndpointConnectionError(endpoint_url="https://aws.invalid")


class Arrivals:
    """Implements workflows.ports.ArrivalsQueue: (key, version) of what has arrived, told by the bucket or by us."""

    def __init__(self) -> None:
        self.announced: list[tuple[str, str]] = []

    def announce(self, key: str, recording: RecordingRef) -> None:
        self.announced.append((key, recording.version_id))


class Stack:
    """The workflows wired to DynamoDB and S3 as entry/wiring.py wires them."""

    def __init__(self, table: str, bucket: str) -> None:
        dynamodb = boto3.client("dynamodb")
        s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
        self.calls = Calls(dynamodb, s3)
        self.clock, self.speech = Clock(), CountingSpeech()
        self.queue, self.arrivals, self.receipt_key = InMemoryParts(), Arrivals(), KeyInMemory()
        self.fetches, self.sources = InMemoryFetches(), InMemorySources({SOURCE: RECORDING})
        self._s3, self._bucket, self._seen = s3, bucket, set[tuple[str, str]]()
        numbers = itertools.count(1)
        clock, fetches = self.clock, self.fetches
        jobs = self.jobs = DynamoJobs(dynamodb, table, sleep=lambda _: None)
        objects = self.objects = S3Objects(s3, bucket)
        self.usage = DynamoUsage(dynamodb, table, sleep=lambda _: None)
        quotas = KeepQuotas(self.usage, Quotas(), clock)
        plans = PartPlans(objects, self.queue, bucket, fast_lane_s=600)
        versions, words = DynamoVersions(dynamodb, table), DynamoWords(dynamodb, table)

        def new_id() -> str:
            return f"01JOB{next(numbers)}"

        self.create = CreateJob(
            jobs,
            objects,
            clock,
            new_id=new_id,
            offered_models=MODELS,
            max_upload_bytes=10**9,
            upload_ttl_s=3600,
            quotas=quotas,
        )
        self.upload_parts = UploadParts(jobs, objects, upload_ttl_s=3600)
        self.now = TranscribeNow(
            self.create, ReadJob(jobs, objects, clock), DynamoRequests(dynamodb, table), sleep=clock.forward
        )
        self.create_fetch = CreateFetch(
            jobs,
            self.sources,
            fetches,
            clock,
            new_id=new_id,
            offered_models=MODELS,
            quotas=quotas,
            plain_http=False,
        )
        self.fetch_source = FetchSource(jobs, objects, self.sources, clock, max_upload_bytes=10**6)
        self.intake = IntakeRecording(
            jobs,
            objects,
            SecondsProbe(),
            plans,
            clock,
            max_upload_bytes=10**6,
            max_recording_s=36000,
            part_s=30,
            quotas=quotas,
        )
        join = JoinTranscript(jobs, objects, clock)
        self.transcribe = TranscribePart(
            jobs, objects, self.speech, clock, join, new_worker=lambda: f"worker{next(numbers)}", lease_s=LEASE_S
        )
        self.fail = FailJob(jobs, clock)
        self.cancel = CancelJob(jobs, objects, clock)
        self.retry = RetryJob(jobs, self.arrivals, fetches, clock, MODELS, quotas)
        self.read = ReadTranscript(jobs, objects, versions)
        self.edits = EditTranscript(self.read, objects, versions, clock, new_name=lambda: f"name{next(numbers)}")
        self.index = IndexWords(self.read, words)
        self.receipts = DynamoReceipts(dynamodb, table, keep_days=365)
        self.delete = DeleteJob(jobs, objects, words, self.receipts, self.receipt_key, clock)
        self.sweep = SweepDeletions(self.receipts, self.delete, clock)
        self.reconcile = ReconcileJobs(jobs, objects, plans, self.arrivals, fetches, join, clock)
        self.drops, self.outbox = S3Drops(s3, bucket), DynamoOutbox(dynamodb, table)
        names = DynamoDropNames(dynamodb, table, clock, keep_days=30)
        self.answer = AnswerDrop(jobs, objects, self.drops, names)
        self.fail_drop = FailDrop(jobs, self.drops, self.answer, self.fail)
        self.take = TakeDrop(
            jobs,
            objects,
            self.drops,
            user={OWNER: ADA}.get,
            was_deleted=lambda owner, job_id: deletion_exists(dynamodb, table, owner, job_id),
            quotas=quotas,
            answer=self.answer,
            clock=clock,
            offered_models=MODELS,
            default_model="tiny.en",
            max_upload_bytes=10**6,
        )

    def announce(self, way: str, *, keyed: bool) -> None:
        """A job whose recording is to come that way; with a key, the one that the key made in the last day.

        The id of the request that made a job with a key tells the way and the time.
        """
        at = iso(self.clock())
        once = once_of("a-key", route=way, body="", at=at) if keyed else None
        request = f"keyed {way} {at}" if keyed else "request-1"
        if way == "now":
            self.now.start(OWNER, Recording("talk.wav", "audio/wav", RECORDING), OPTIONS, "request-1")
        elif way == "fetch":
            self.create_fetch(OWNER, NewFetch(SOURCE, None, OPTIONS), request, once)
        else:
            size = SINGLE_PUT_BYTES + 1 if way == "multipart" else 4
            self.create(OWNER, NewJob("talk.wav", size, "audio/wav", OPTIONS), request, once)

    def put_part(self, job: Job, number: int) -> None:
        """What a caller does with the signed URL of a part, which nothing takes back but the upload's end."""
        self.upload_parts.sign(OWNER, job.id, [number])
        key = f"uploads/{OWNER}/{job.id}/{job.name}"
        with suppress(KeyError):  # so moto says that the upload is gone
            self.objects.upload_part(key, job.multipart_id or "", number, PARTS[number - 1])

    def complete(self, job: Job) -> None:
        """As a caller who goes on where an upload stopped."""
        there = {part.number for part in self.upload_parts.arrived(OWNER, job.id)}
        for number in sorted({*range(1, len(PARTS) + 1)} - there):
            self.put_part(job, number)
        arrived = self.upload_parts.arrived(OWNER, job.id)
        self.upload_parts.complete(OWNER, job.id, [(part.number, part.etag) for part in arrived])

    def fetch(self, event: FetchRequested) -> str:
        return self.fetch_source(event, self.clock() + timedelta(seconds=840))

    def arrive(self, key: str, version_id: str) -> str:
        """As functions/intake."""
        if key.startswith(DROPBOX):
            return self.take(key, version_id)
        return self.intake(key, "2026-11-22T12:00:05.000Z")

    def bury(self, key: str, version_id: str) -> str:
        """As functions/mark_failed."""
        return self.fail_drop(key, version_id) if key.startswith(DROPBOX) else self.fail.for_arrival(key)

    def tell(self, which: int) -> None:
        """As functions/notify, of those who want to be told only who drops."""
        if waiting := self.waiting():
            event = waiting[which % len(waiting)]
            self.answer(event)
            self.outbox.settle(event)

    def waiting(self) -> list[OutboxEvent]:
        return [event for event in self.outbox.due("9999", limit=100) if isinstance(event, OutboxEvent)]

    def notice(self) -> None:
        """The bucket tells of each recording that has come to it since, once; answers beside drops tell nobody."""
        found = self._s3.list_object_versions(Bucket=self._bucket)
        for version in reversed(found.get("Versions", [])):
            one = version["Key"], version["VersionId"]
            if one not in self._seen and (one[0].startswith("uploads/") or parse_drop_key(one[0])):
                self._seen.add(one)
                self.arrivals.announced.append(one)

    def open_uploads(self) -> set[str]:
        """The jobs that have an open multipart upload."""
        found = self._s3.list_multipart_uploads(Bucket=self._bucket)
        return {upload["Key"].split("/")[2] for upload in found.get("Uploads", [])}
