"""The event source on real queues, with a real HTTP server that answers as the container would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from infra.local.emulator import INHERITED, Aws, client_environment
from infra.local.ports import choose
from sotto.adapters.http_worker import HttpWorker
from sotto.adapters.sqs_deliveries import SqsDeliveries
from sotto.domain.errors import Failure, MisconfiguredSetting, QueueUnavailable
from sotto.entry.event_source import EventSource
from sotto.entry.telemetry import make_logger
from tests.integration.local.test_emulator import until
from tests.integration.local.worker import Worker

pytestmark = pytest.mark.emulator

PROBLEM = json.dumps({"code": "recording_damaged", "detail": "it ends early", "hint": "copy it again"}).encode()


@dataclass
class Lane:
    url: str
    dead_url: str
    aws: Aws

    def send(self, part: dict[str, Any]) -> None:
        self.aws("sqs").send_message(QueueUrl=self.url, MessageBody=json.dumps(part))

    def count(self, url: str | None = None) -> tuple[int, int]:
        """Messages that wait, and messages that are hidden."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = self.aws("sqs").get_queue_attributes(QueueUrl=url or self.url, AttributeNames=list(names))
        return int(found["Attributes"][names[0]]), int(found["Attributes"][names[1]])

    def dead(self) -> list[dict[str, Any]]:
        found = self.aws("sqs").receive_message(
            QueueUrl=self.dead_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=0
        )
        return list(found.get("Messages", []))


@pytest.fixture
def lanes(aws: Aws) -> dict[str, Lane]:
    return {name: make_lane(aws, name) for name in ("fast", "bulk")}


def make_lane(aws: Aws, name: str) -> Lane:
    sqs, unique = aws("sqs"), uuid.uuid4().hex[:8]
    dead = sqs.create_queue(QueueName=f"{name}-{unique}-dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    attributes = {"RedrivePolicy": policy, "VisibilityTimeout": "3600"}
    return Lane(sqs.create_queue(QueueName=f"{name}-{unique}", Attributes=attributes)["QueueUrl"], dead, aws)


@pytest.fixture
def worker() -> Iterator[Worker]:
    with Worker() as running:
        yield running


@contextmanager
def running(
    lanes: dict[str, Lane], worker_url: str, *, hidden_s: int = 30, drain_s: float = 5, slots: int = 1
) -> Iterator[EventSource]:
    source = EventSource(
        {name: (SqsDeliveries(lane.aws("sqs"), lane.url), slots) for name, lane in lanes.items()},
        HttpWorker(worker_url, part_within_s=30, connections=4),
        wait_s=1,
        hidden_s=hidden_s,
        logger=make_logger("event_source"),
        chance=lambda: 0.0,
    )
    source.start()
    try:
        yield source
    finally:
        source.stop(drain_s)


@pytest.fixture
def part(events: Path) -> dict[str, Any]:
    return dict(json.loads((events / "3-part-queued.json").read_text()))


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed comes again at once."""
    monkeypatch.setattr("sotto.domain.retries.FIRST_S", 0)


def numbered(part: dict[str, Any], job_id: str) -> dict[str, Any]:
    return {**part, "job_id": job_id}


def test_a_message_becomes_a_cloudevent_and_is_deleted(
    lanes: dict[str, Lane], worker: Worker, part: dict[str, Any]
) -> None:
    with running(lanes, worker.url):
        lanes["fast"].send(part)
        headers, body = worker.events.get(timeout=10)
        until(lambda: lanes["fast"].count() == (0, 0))
    assert body == part
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-type"] == "sotto.part.queued"
    assert headers["ce-id"] == f"{part['job_id']}.{part['attempt']}.{part['part']['index']}"
    assert headers["ce-source"] == "sotto:queue:fast"
    assert headers["ce-time"].endswith("+00:00")
    assert headers["content-type"] == "application/json"
    assert lanes["fast"].dead() == []


def test_a_rejected_part_is_buried_with_its_reason(
    lanes: dict[str, Lane], worker: Worker, part: dict[str, Any]
) -> None:
    worker.answers[part["job_id"]] = [(422, {}, PROBLEM)]
    with running(lanes, worker.url):
        lanes["bulk"].send(part)
        until(lanes["bulk"].dead)
    (message,) = lanes["bulk"].dead()
    assert json.loads(message["Body"]) == part
    said = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert said == {"error_code": "recording_damaged", "error_detail": "it ends early", "error_hint": "copy it again"}
    assert lanes["bulk"].count() == (0, 0)
    assert worker.events.qsize() == 1, "it was not tried again"


def test_a_message_that_is_no_part_is_buried_without_asking(lanes: dict[str, Lane], worker: Worker) -> None:
    with running(lanes, worker.url):
        lanes["fast"].aws("sqs").send_message(QueueUrl=lanes["fast"].url, MessageBody='{"half": ')
        until(lanes["fast"].dead)
    (message,) = lanes["fast"].dead()
    assert message["MessageAttributes"]["error_code"]["StringValue"] == "invalid_input"
    assert worker.events.empty()


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ((500, {}, b""), 5),
        ((503, {}, PROBLEM), 5),
        ((429, {}, PROBLEM), 5),
        ((0, {}, b""), 5),
        ((503, {"Retry-After": "120"}, PROBLEM), 120),
    ],
    ids=["error", "unavailable", "too many", "killed", "retry after"],
)
def test_what_may_succeed_later_is_hidden_for_a_while(
    lanes: dict[str, Lane],
    worker: Worker,
    part: dict[str, Any],
    answer: tuple[int, dict[str, str], bytes],
    seconds: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker.answers[part["job_id"]] = [answer]
    with running(lanes, worker.url):
        lanes["fast"].send(part)
        worker.events.get(timeout=10)
    again = next(vars(record) for record in caplog.records if record.getMessage() == "part comes again")
    assert (again["seconds"], again["received"], again["status"]) == (seconds, 1, answer[0] or None)
    assert lanes["fast"].count() == (0, 1)
    assert lanes["fast"].dead() == []


def test_the_redrive_policy_ends_what_fails_for_ever(
    lanes: dict[str, Lane], worker: Worker, part: dict[str, Any], no_pauses: None
) -> None:
    worker.answers[part["job_id"]] = [(500, {}, b"")]
    with running(lanes, worker.url):
        lanes["fast"].send(part)
        for _ in range(3):
            worker.events.get(timeout=10)
        until(lanes["fast"].dead)
    assert worker.events.empty()


def test_a_short_recording_does_not_wait_behind_a_long_one(
    lanes: dict[str, Lane], worker: Worker, part: dict[str, Any]
) -> None:
    worker.hold.clear()
    with running(lanes, worker.url):
        for i in range(3):
            lanes["bulk"].send(numbered(part, f"long-{i}"))
        assert worker.events.get(timeout=10)[1]["job_id"].startswith("long")
        lanes["fast"].send(numbered(part, "short"))
        assert worker.events.get(timeout=10)[1]["job_id"] == "short"
        with pytest.raises(Empty):
            worker.events.get(timeout=0.5)
        worker.hold.set()
        until(lambda: lanes["bulk"].count() == (0, 0))


def test_a_long_part_stays_hidden_while_it_is_worked_on(
    lanes: dict[str, Lane], worker: Worker, part: dict[str, Any]
) -> None:
    worker.hold.clear()
    with running(lanes, worker.url, hidden_s=3):
        lanes["fast"].send(part)
        worker.events.get(timeout=10)
        began = time.monotonic()
        while time.monotonic() < began + 4.5:
            assert lanes["fast"].count() == (0, 1)
            time.sleep(0.1)  # the passing of time is what is tested
        worker.hold.set()
        until(lambda: lanes["fast"].count() == (0, 0))
    assert worker.events.empty(), "it was delivered once"


def test_nothing_is_taken_while_the_worker_is_not_ready(
    lanes: dict[str, Lane], worker: Worker, part: dict[str, Any]
) -> None:
    worker.ready = False
    with running(lanes, worker.url):
        lanes["fast"].send(part)
        with pytest.raises(Empty):
            worker.events.get(timeout=1.5)
        assert lanes["fast"].count() == (1, 0), "no delivery was spent on a worker that starts"
        worker.ready = True
        worker.events.get(timeout=10)
        until(lambda: lanes["fast"].count() == (0, 0))


def test_a_worker_that_was_killed_and_came_back_gets_the_part_again(
    lanes: dict[str, Lane], part: dict[str, Any], no_pauses: None
) -> None:
    port = choose()
    with running(lanes, f"http://127.0.0.1:{port}"):
        with Worker(port) as first:
            first.answers[part["job_id"]] = [(0, {}, b"")]
            lanes["fast"].send(part)
            first.events.get(timeout=10)
            first.ready = False
        with Worker(port) as second:
            second.events.get(timeout=10)
            until(lambda: lanes["fast"].count() == (0, 0))


def test_a_stop_gives_back_what_is_in_flight(lanes: dict[str, Lane], worker: Worker, part: dict[str, Any]) -> None:
    worker.hold.clear()
    with running(lanes, worker.url, drain_s=0.2):
        lanes["fast"].send(part)
        worker.events.get(timeout=10)
        assert lanes["fast"].count() == (0, 1)
    assert lanes["fast"].count() == (1, 0)


def test_a_stop_waits_for_what_is_nearly_done(lanes: dict[str, Lane], worker: Worker, part: dict[str, Any]) -> None:
    worker.hold.clear()
    with running(lanes, worker.url, drain_s=20):
        lanes["fast"].send(part)
        worker.events.get(timeout=10)
        worker.hold.set()
    assert lanes["fast"].count() == (0, 0)


def test_the_process_starts_from_its_settings_and_stops_on_sigterm(
    lanes: dict[str, Lane], worker: Worker, part: dict[str, Any], aws: Aws
) -> None:
    settings = {
        "SOTTO_FAST_QUEUE_URL": lanes["fast"].url,
        "SOTTO_BULK_QUEUE_URL": lanes["bulk"].url,
        "SOTTO_WORKER_URL": worker.url,
        "SOTTO_WAIT_S": "1",
    }
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment = {**inherited, **client_environment(aws.endpoint), **settings}
    command = [sys.executable, "-m", "sotto.entry.event_source"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        lanes["bulk"].send(part)
        worker.events.get(timeout=30)
        until(lambda: lanes["bulk"].count() == (0, 0))
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    lines = [json.loads(line) for line in said.splitlines()]
    assert {line["message"] for line in lines} >= {"part delivered", "stopped"}
    delivered = next(line for line in lines if line["message"] == "part delivered")
    assert delivered["correlation_id"] == part["request_id"]


# --- the adapter's own promises


def test_a_queue_without_a_redrive_policy_says_what_to_do(aws: Aws) -> None:
    url = aws("sqs").create_queue(QueueName=f"alone-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    aws("sqs").send_message(QueueUrl=url, MessageBody="x")
    queue = SqsDeliveries(aws("sqs"), url)
    delivery = queue.take(wait_s=1, hidden_s=30)
    assert delivery is not None
    assert (delivery.received, delivery.body) == (1, "x")
    with pytest.raises(MisconfiguredSetting, match="RedrivePolicy"):
        queue.bury(delivery, Failure("a", "b", ""))
    assert queue.take(wait_s=1, hidden_s=30) is None, "it is still hidden, and not lost"


def test_a_queue_that_cannot_be_reached_is_unavailable() -> None:
    queue = SqsDeliveries(Aws(f"http://127.0.0.1:{choose()}")("sqs"), "http://127.0.0.1/0/none")
    with pytest.raises(QueueUnavailable):
        queue.take(wait_s=1, hidden_s=30)
