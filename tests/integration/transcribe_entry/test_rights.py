"""The template's WorkerPolicy and EventSourcePolicy are wide enough for a worker outside Lambda, and no wider.

On a laptop the worker runs with the emulator's own credentials, so nothing else would notice a right that is missing.
Here it runs as an assumed role, on the emulator that checks policies for real; only the engine is a fake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local import deploy, template
from infra.local.emulator import Aws as Administrator
from infra.local.package import package
from infra.local.places import CHECKOUT
from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.s3_objects import S3Objects
from sotto.adapters.sqs_deliveries import SqsDeliveries
from sotto.adapters.sqs_retries import SqsRetries
from sotto.domain.errors import Failure
from sotto.domain.job import JobStatus
from sotto.workflows.join_transcript import JoinTranscript
from sotto.workflows.transcribe_part import TranscribePart
from tests.fakes.speech import CountingSpeech
from tests.integration.local.conftest import Emulator, make_places
from tests.integration.transcribe_entry.conftest import queue_part

pytestmark = pytest.mark.emulator
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'


@dataclass
class Deployed:
    outputs: dict[str, str]
    admin: Administrator
    as_worker: Callable[[str], Any]

    def jobs(self, client: Any) -> DynamoJobs:
        return DynamoJobs(client, self.outputs["TableName"])

    def objects(self, client: Any) -> S3Objects:
        return S3Objects(client, self.outputs["BucketName"])


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with Emulator(make_places(tmp_path_factory.mktemp("rights"))) as running:
        parameters = template.parameters_of(CHECKOUT / "samconfig.toml", "local")
        packaged = package(running.places, template.load(CHECKOUT / "template.yaml"), deploy.ARTIFACTS, lambda _: None)
        outputs, _ = deploy.deploy(running.aws, packaged, parameters, lambda _: None)
        yield Deployed(outputs, running.aws, _role(running.aws, running.endpoint, outputs))


def _role(admin: Administrator, endpoint: str, outputs: dict[str, str]) -> Callable[[str], Any]:
    """Clients of a role that has what docs/deploy.md says to attach, and nothing else."""
    role = admin("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    for policy in ("WorkerPolicyArn", "EventSourcePolicyArn"):
        admin("iam").attach_role_policy(RoleName="worker", PolicyArn=outputs[policy])
    given = admin("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name="us-east-1",
    )
    return lambda service: session.client(
        service, endpoint_url=endpoint, config=Config(signature_version="s3v4") if service == "s3" else None
    )


def _worker(deployed: Deployed, speech: CountingSpeech) -> TranscribePart:
    jobs = deployed.jobs(deployed.as_worker("dynamodb"))
    objects = deployed.objects(deployed.as_worker("s3"))

    def now() -> datetime:
        return datetime.now(UTC)

    return TranscribePart(
        jobs=jobs,
        objects=objects,
        speech=speech,
        clock=now,
        join=JoinTranscript(jobs, objects, now),
        new_worker=lambda: "worker",
        lease_s=120,
    )


def test_a_worker_takes_a_job_to_its_end(deployed: Deployed) -> None:
    jobs, objects = deployed.jobs(deployed.admin("dynamodb")), deployed.objects(deployed.admin("s3"))
    part = queue_part(jobs, objects, deployed.outputs["BucketName"], "01K0JOB0000000000000000001")
    assert _worker(deployed, CountingSpeech())(part) == "completed"
    job = jobs.get(part.owner, part.job_id)
    assert job.status is JobStatus.COMPLETED
    assert objects.read(f"transcripts/{job.owner}/{job.id}/1/transcript.txt")


def test_a_worker_clears_up_after_a_job_that_was_deleted_under_it(deployed: Deployed) -> None:
    jobs, objects = deployed.jobs(deployed.admin("dynamodb")), deployed.objects(deployed.admin("s3"))
    part = queue_part(jobs, objects, deployed.outputs["BucketName"], "01K0JOB0000000000000000002")
    job = jobs.get(part.owner, part.job_id)
    worker = _worker(deployed, CountingSpeech())
    assert worker(part) == "completed"
    jobs.delete(job.owner, job.id)
    worker.join(replace(job, status=JobStatus.PROCESSING))  # a second joiner, which was slower than the deletion
    assert objects.read(f"transcripts/{job.owner}/{job.id}/1/transcript.txt") is None


def test_an_event_source_takes_hides_buries_and_deletes(deployed: Deployed) -> None:
    url = deployed.outputs["FastQueueUrl"]
    deliveries = SqsDeliveries(deployed.as_worker("sqs"), url)
    for body in ("bury", "delete"):
        deployed.admin("sqs").send_message(QueueUrl=url, MessageBody=body)
    found = {one.body: one for one in (deliveries.take(wait_s=1, hidden_s=30) for _ in range(2)) if one}
    deliveries.hide(found["delete"], 60)
    deliveries.delete(found["delete"])
    deliveries.bury(found["bury"], Failure(code="recording_damaged", message="expected, found", hint="do"))
    queue = deployed.admin("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    deployed.admin("sqs").send_message(QueueUrl=url, MessageBody="retry")
    again = deliveries.take(wait_s=1, hidden_s=30)
    assert again is not None
    assert SqsRetries(deployed.as_worker("sqs")).again_in(queue["QueueArn"], again.receipt, 0)
    assert deliveries.take(wait_s=1, hidden_s=30) is not None


def _refused(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        return "AccessDenied" in error.response["Error"]["Code"]
    return False


def test_a_worker_may_do_no_more(deployed: Deployed) -> None:
    s3, bucket, table = deployed.as_worker("s3"), deployed.outputs["BucketName"], deployed.outputs["TableName"]
    key = {"pk": {"S": "USER#1"}, "sk": {"S": "PROFILE"}}
    assert _refused(s3.put_object, Bucket=bucket, Key="uploads/1/2/talk.wav", Body=b"x")
    assert _refused(s3.delete_object, Bucket=bucket, Key="uploads/1/2/talk.wav")
    assert _refused(s3.put_object, Bucket=bucket, Key="models/base/model.bin", Body=b"x")
    assert _refused(s3.list_objects_v2, Bucket=bucket, Prefix="uploads/")
    assert _refused(deployed.as_worker("dynamodb").delete_item, TableName=table, Key=key)
    assert _refused(deployed.as_worker("dynamodb").scan, TableName=table)
    secret = deployed.outputs["SigningSecretArn"]
    assert _refused(deployed.as_worker("secretsmanager").get_secret_value, SecretId=secret)
    assert _refused(
        deployed.as_worker("sqs").send_message, QueueUrl=deployed.outputs["FastQueueUrl"], MessageBody="forged"
    )
