"""The emulator keeps what it was told: over a stop, over `kill -9`, and over a slow start."""

from __future__ import annotations

import json
import os
import resource
import signal
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from infra.local.emulator import Aws
from infra.local.package import zip_of
from infra.local.ports import is_free
from tests.integration.local.conftest import Emulator, make_places
from tests.waiting import until

pytestmark = pytest.mark.emulator


def make_table(aws: Aws) -> None:
    aws("dynamodb").create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def put(aws: Aws, key: str) -> None:
    aws("dynamodb").put_item(TableName="kept", Item={"pk": {"S": key}})


def keys(aws: Aws) -> set[str]:
    return {item["pk"]["S"] for item in aws("dynamodb").scan(TableName="kept")["Items"]}


def test_a_stop_and_a_start_keep_rows_objects_and_messages(tmp_path: Path) -> None:
    places = make_places(tmp_path)
    with Emulator(places) as first:
        make_table(first.aws)
        put(first.aws, "row")
        first.aws("s3").create_bucket(Bucket="kept")
        first.aws("s3").put_object(Bucket="kept", Key="Café talk + Q&A 🎤.mp3", Body=b"sound")
        url = first.aws("sqs").create_queue(QueueName="kept")["QueueUrl"]
        first.aws("sqs").send_message(QueueUrl=url, MessageBody="work")
    assert is_free(first.port)
    with Emulator(places, checkpoint_s=0.001) as second:  # would save before it has loaded, if it could
        assert second.port != first.port
        assert keys(second.aws) == {"row"}
        body = second.aws("s3").get_object(Bucket="kept", Key="Café talk + Q&A 🎤.mp3")["Body"].read()
        assert body == b"sound"
        received = second.aws("sqs").receive_message(QueueUrl=url)["Messages"]
        assert [message["Body"] for message in received] == ["work"]


def kill(running: Emulator) -> None:
    """End the emulator's process at once, and wait until the next one answers."""
    before, killed = running.child.restarts, running.child.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    until(lambda: running.child.pid not in (None, killed))
    until(lambda: running.child.restarts == before + 1)
    until(lambda: not is_free(running.port))


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with Emulator(make_places(tmp_path), checkpoint_s=3600) as running:
        aws, table = running.aws, running.places.emulator_state / "dynamodb.json"
        make_table(aws)
        url = aws("sqs").create_queue(QueueName="kept")["QueueUrl"]
        until(lambda: table.is_file() and '"kept"' in table.read_text())  # what is made is saved at once
        until((running.places.emulator_state / "sqs.json").is_file)
        for name in ("stays", "goes"):
            put(aws, name)
            aws("sqs").send_message(QueueUrl=url, MessageBody=name)
        aws("dynamodb").delete_item(TableName="kept", Key={"pk": {"S": "goes"}})
        taken = aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        aws("sqs").delete_message(
            QueueUrl=url, ReceiptHandle=next(m["ReceiptHandle"] for m in taken if m["Body"] == "goes")
        )
        for number in range(3):  # a journal is read again as often as it takes
            kill(running)
            assert keys(aws) == {"stays", *(f"after {earlier}" for earlier in range(number))}
            put(aws, f"after {number}")
        left = aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
        assert [message["Body"] for message in left] == ["stays"]
        assert "starting it again" in running.child.log.path.read_text()


HANDLER = """
import os, time
def handler(event, context):
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(os.environ["NAME"] + chr(10))
    if os.environ["NAME"] == "slow" and open(os.environ["SEEN"]).read().count("slow") == 1:
        time.sleep(60)
"""


def make_function(aws: Aws, name: str, seen: Path) -> None:
    aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    aws("iam").put_role_policy(
        RoleName=name,
        PolicyName="all",
        PolicyDocument=json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
    )
    aws("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::000000000000:role/{name}",
        Handler="code.handler",
        Timeout=120,
        Code={"ZipFile": zip_of({"code.py": HANDLER.encode()})},
        Environment={"Variables": {"SEEN": str(seen), "NAME": name}},
    )


def test_what_a_function_was_working_on_comes_again_after_a_kill(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    with Emulator(make_places(tmp_path), checkpoint_s=0.05) as running:
        aws, child = running.aws, running.child
        make_function(aws, "slow", seen)
        url = aws("sqs").create_queue(QueueName="work", Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:000000000000:work"
        aws("lambda").create_event_source_mapping(FunctionName="slow", EventSourceArn=arn)
        assert child.pid is not None
        (running.places.emulator_state / "lambda.json").unlink(missing_ok=True)
        os.kill(child.pid, signal.SIGUSR1)  # all of it, as after a deployment
        until((running.places.emulator_state / "lambda.json").is_file)
        aws("sqs").send_message(QueueUrl=url, MessageBody="x")
        until(seen.is_file)
        os.kill(child.pid, signal.SIGKILL)
        until(lambda: child.restarts == 1 and not is_free(running.port))
        until(lambda: seen.read_text() == "slow\nslow\n")
        count = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        until(
            lambda: (
                set(aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=count)["Attributes"].values()) == {"0"}
            )
        )


def test_what_a_killed_function_was_working_on_comes_again_in_seconds(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    with Emulator(make_places(tmp_path)) as running:
        aws = running.aws
        make_function(aws, "slow", seen)
        url = aws("sqs").create_queue(QueueName="work", Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:000000000000:work"
        aws("lambda").create_event_source_mapping(FunctionName="slow", EventSourceArn=arn)
        aws("sqs").send_message(QueueUrl=url, MessageBody="x")
        until(seen.is_file)
        (process,) = psutil.Process(running.child.pid).children()
        process.kill()
        until(lambda: seen.read_text() == "slow\nslow\n")
        count = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        until(
            lambda: (
                set(aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=count)["Attributes"].values()) == {"0"}
            )
        )


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
def test_an_object_that_the_disk_does_not_take_is_no_success(tmp_path: Path) -> None:
    places = make_places(tmp_path)
    with Emulator(places) as running:
        s3, pid = running.aws("s3"), running.child.pid
        assert pid is not None
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="talk.txt", Body=b"before")
        most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1 << 20, most[1]))  # as if the disk had room for no more
        with pytest.raises(ClientError, match="The disk of this machine is full"):
            s3.put_object(Bucket="kept", Key="talk.txt", Body=bytes(2 << 20))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, most)
        s3.put_object(Bucket="kept", Key="long.txt", Body=bytes(2 << 20))
        kill(running)
        found = running.aws("s3").get_object(Bucket="kept", Key="talk.txt")["Body"].read()
        assert found == b"before", "and nothing of the new one"
        assert running.aws("s3").head_object(Bucket="kept", Key="long.txt")["ContentLength"] == 2 << 20


def test_a_function_that_nobody_calls_ends_and_starts_again_when_called(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    with Emulator(make_places(tmp_path), function_idle_s=1) as running:
        make_function(running.aws, "fast", seen)

        def workers() -> list[psutil.Process]:
            return psutil.Process(running.child.pid).children()

        for calls in (1, 2):
            running.aws("lambda").invoke(FunctionName="fast")
            assert seen.read_text() == "fast\n" * calls
            assert len(workers()) == 1
            until(lambda: not workers())


def test_a_stream_goes_on_after_a_restart(tmp_path: Path) -> None:
    seen, places = tmp_path / "seen", make_places(tmp_path)
    with Emulator(places) as first:
        make_table(first.aws)
        first.aws("dynamodb").update_table(
            TableName="kept", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        )
        stream = first.aws("dynamodb").describe_table(TableName="kept")["Table"]["LatestStreamArn"]
        make_function(first.aws, "fast", seen)
        first.aws("lambda").create_event_source_mapping(
            FunctionName="fast", EventSourceArn=stream, StartingPosition="LATEST", BatchSize=1
        )
        for key in ("a", "b", "c"):
            put(first.aws, key)
        until(lambda: seen.is_file() and len(seen.read_text().splitlines()) == 3)
    with Emulator(places) as second:
        put(second.aws, "d")
        until(lambda: len(seen.read_text().splitlines()) == 4)


def test_nobody_else_can_reach_it(running_emulator: Emulator) -> None:
    process = psutil.Process(running_emulator.child.pid)
    listening = [found.laddr.ip for found in process.net_connections() if found.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]


def test_it_does_not_inherit_the_shell(running_emulator: Emulator) -> None:
    environment = psutil.Process(running_emulator.child.pid).environ()
    assert not [name for name in environment if name.startswith(("AWS_", "SSL_", "REQUESTS_", "CURL_", "HTTP"))]
    assert environment["TMPDIR"] == str(running_emulator.places.temporary)


def test_an_owner_with_one_message_does_not_wait_behind_all_of_anothers(running_emulator: Emulator) -> None:
    sqs = running_emulator.aws("sqs")
    url = sqs.create_queue(QueueName="shared")["QueueUrl"]
    for owner in ("busy", "busy", "busy", "quiet"):
        sqs.send_message(QueueUrl=url, MessageBody=owner, MessageGroupId=owner)

    def serve() -> str:
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return str(message["Body"])

    assert [serve() for _ in range(4)] == ["busy", "quiet", "busy", "busy"]
