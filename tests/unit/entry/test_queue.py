"""The queue edge: Rejected is consumed, whatever else is raised comes again, alone."""

from __future__ import annotations

import pytest

from sotto.domain.errors import NotARecording, Unavailable
from sotto.entry.queue import handle_records
from sotto.entry.telemetry import make_logger


class Retries:
    """Notes what was asked of the queue; tests/contract/test_queues.py asks a real one."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []

    def again_in(self, queue_arn: str, receipt_handle: str, seconds: int) -> bool:
        self.asked.append((queue_arn, receipt_handle, seconds))
        return True


def _event(*bodies: str):
    attributes = {"ApproximateReceiveCount": "1"}
    return {
        "Records": [
            {
                "messageId": body,
                "receiptHandle": "r",
                "body": body,
                "attributes": attributes,
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:queue",
            }
            for body in bodies
        ]
    }


@pytest.mark.parametrize("error", [Unavailable("gone"), RuntimeError("secret")])
def test_only_what_may_succeed_later_comes_again(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def work(record) -> str:
        if record.body == "bad":
            raise NotARecording("text")
        if record.body == "later":
            raise error
        return "ok"

    retries = Retries()
    answered = handle_records(make_logger("test"), work, lambda: retries)(_event("good", "bad", "later"), None)
    assert answered == {"batchItemFailures": [{"itemIdentifier": "later"}]}
    outcomes = [getattr(record, "outcome", None) for record in caplog.records]
    assert outcomes == ["ok", "not_a_recording", None]
    ((arn, receipt, seconds),) = retries.asked
    assert (arn, receipt) == ("arn:queue", "r")
    assert 5 <= seconds <= 10


def test_a_batch_that_fails_whole_is_reported_record_by_record() -> None:
    def work(_record) -> str:
        raise Unavailable("gone")

    handler = handle_records(make_logger("test"), work, Retries)
    assert handler(_event("a", "b"), None) == {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}
    assert handler(_event("c"), None) == {"batchItemFailures": [{"itemIdentifier": "c"}]}
