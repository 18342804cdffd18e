"""The OpenAI-compatible function on real HTTP, with AWS in this process and a worker that says a word a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import boto3
import openai
import pytest
from moto import mock_aws

from sotto.adapters.av_probe import probe
from sotto.entry import admission, audio_wiring, aws, wiring
from sotto.workflows.intake_recording import IntakeRecording
from sotto.workflows.join_transcript import JoinTranscript
from sotto.workflows.plan_recording import PartPlans
from sotto.workflows.transcribe_part import TranscribePart
from tests.examples import PRINCIPAL
from tests.fakes.queues import InMemoryParts
from tests.fakes.speech import CountingSpeech
from tests.integration.integrations.gateway import served

BUCKET, TABLE = "sotto-data", "sotto"
SETTINGS = {
    "SOTTO_BUCKET": BUCKET,
    "SOTTO_TABLE": TABLE,
    "SOTTO_MODELS": "base,tiny.en,voices",
    "SOTTO_DEFAULT_MODEL": "base",
    "SOTTO_ANSWER_WITHIN_S": "20",
}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Table and bucket, and functions that have read no settings yet."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        _forget()
        names = ("pk", "sk", "due_pk", "due_sk")
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "due",
                    "KeySchema": [{"AttributeName": f"due_{name}", "KeyType": kind} for name, kind in keys],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield
        _forget()


def _forget() -> None:
    for module in (admission, audio_wiring, aws, wiring):
        for thing in vars(module).values():
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()


@dataclass
class Worker:
    """Takes in what is uploaded and transcribes it, once `allowed`: intake and transcribe in one thread."""

    allowed: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    errors: list[Exception] = field(default_factory=list)

    def run(self) -> None:
        create = wiring.create_job()
        jobs, objects, parts = create.jobs, create.objects, InMemoryParts()
        intake = IntakeRecording(
            jobs,
            objects,
            probe,
            PartPlans(objects, parts, BUCKET, fast_lane_s=600),
            wiring.now,
            max_upload_bytes=10**9,
            max_recording_s=3600,
            part_s=240,
            quotas=create.quotas,
        )
        join = JoinTranscript(jobs, objects, wiring.now)
        transcribe = TranscribePart(jobs, objects, CountingSpeech(), wiring.now, join, lambda: "worker", lease_s=60)
        seen: set[str] = set()
        s3 = aws.s3()
        while not self.stopped.is_set():
            if self.allowed.wait(0.05):
                listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="uploads/").get("Contents", [])
                for key in {entry["Key"] for entry in listed} - seen:
                    seen.add(key)
                    parts.sent.clear()
                    intake(key, wiring.now().isoformat())
                    for event in parts.parts:
                        transcribe(event)
                self.stopped.wait(0.05)


@pytest.fixture
def worker(cloud: None) -> Iterator[Worker]:
    found = Worker()
    thread = threading.Thread(target=found.run, daemon=True)
    thread.start()
    yield found
    found.stopped.set()
    thread.join()


@dataclass
class Service:
    client: openai.OpenAI
    answered: list[int]
    url: str


@pytest.fixture
def service(worker: Worker) -> Iterator[Service]:
    """The official client, unchanged but for base URL and key."""
    from functions.audio.handler import handler

    with served(handler) as (url, answered), openai.OpenAI(base_url=url, api_key=PRINCIPAL.credential) as client:
        yield Service(client, answered, url)
