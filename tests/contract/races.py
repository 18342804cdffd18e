"""One service on the real adapters, whose every call to AWS is a place where something else may happen.

A worker may die at the n-th call, the n-th call may fail, or another process may run between two calls. Queues are
lists, because the test decides what is delivered when, how often and in which order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_receipts import DynamoReceipts
from sotto.adapters.dynamo_usage import DynamoUsage
from sotto.adapters.dynamo_versions import DynamoVersions
from sotto.adapters.dynamo_words import DynamoWords
from sotto.adapters.s3_objects import S3Objects
from sotto.domain.quotas import Quotas
from sotto.workflows.cancel_job import CancelJob
from sotto.workflows.create_job import CreateJob
from sotto.workflows.delete_job import DeleteJob
from sotto.workflows.edit_transcript import EditTranscript
from sotto.workflows.fail_job import FailJob
from sotto.workflows.index_words import IndexWords
from sotto.workflows.intake_recording import IntakeRecording
from sotto.workflows.join_transcript import JoinTranscript
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.plan_recording import PartPlans
from sotto.workflows.read_transcript import ReadTranscript
from sotto.workflows.reconcile_jobs import ReconcileJobs
from sotto.workflows.retry_job import RetryJob
from sotto.workflows.sweep_deletions import SweepDeletions
from sotto.workflows.transcribe_part import TranscribePart
from tests.fakes.clock import Clock
from tests.fakes.queues import InMemoryArrivals, InMemoryFetches, InMemoryParts
from tests.fakes.receipts import KeyInMemory
from tests.fakes.speech import CountingSpeech
from tests.unit.workflows.conftest import SecondsProbe

LEASE_S = 120
MODELS = frozenset({"tiny.en"})


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


class Stack:
    """The workflows wired to DynamoDB and S3 as entry/wiring.py wires them."""

    def __init__(self, table: str, bucket: str) -> None:
        dynamodb = boto3.client("dynamodb")
        s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
        self.calls = Calls(dynamodb, s3)
        self.clock, self.speech = Clock(), CountingSpeech()
        self.queue, self.arrivals, self.receipt_key = InMemoryParts(), InMemoryArrivals(), KeyInMemory()
        numbers = itertools.count(1)
        clock, fetches = self.clock, InMemoryFetches()
        jobs = self.jobs = DynamoJobs(dynamodb, table, sleep=lambda _: None)
        objects = self.objects = S3Objects(s3, bucket)
        self.usage = DynamoUsage(dynamodb, table, sleep=lambda _: None)
        quotas = KeepQuotas(self.usage, Quotas(), clock)
        plans = PartPlans(objects, self.queue, bucket, fast_lane_s=600)
        versions, words = DynamoVersions(dynamodb, table), DynamoWords(dynamodb, table)
        self.create = CreateJob(
            jobs,
            objects,
            clock,
            new_id=lambda: f"01JOB{next(numbers)}",
            offered_models=MODELS,
            max_upload_bytes=10**9,
            upload_ttl_s=3600,
            quotas=quotas,
        )
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
