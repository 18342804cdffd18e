"""Taking messages from one queue, one at a time, and saying what becomes of each. What the event source stands on.

The dead-letter queue is the one that the queue's own redrive policy names, so no setting can disagree with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sotto.adapters.aws_errors import translated
from sotto.domain.errors import Failure, MisconfiguredSetting, QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef


@dataclass(frozen=True)
class Delivery:
    """A message that is ours for a while. `received` counts how often anybody took it, 1 the first time."""

    id: str
    body: str
    receipt: str
    received: int
    sent_ms: int


class SqsDeliveries:
    """Every method raises QueueUnavailable when the queue cannot be reached."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self.queue_url = queue_url

    def take(self, *, wait_s: int, hidden_s: int) -> Delivery | None:
        """Wait up to `wait_s` seconds for a message and hide it from others for `hidden_s`."""
        with translated(QueueUnavailable, "queue"):
            found = self._client.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=1,
                WaitTimeSeconds=wait_s,
                VisibilityTimeout=hidden_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            ).get("Messages", [])
        if not found:
            return None
        message, attributes = found[0], found[0].get("Attributes", {})
        return Delivery(
            id=message["MessageId"],
            body=message["Body"],
            receipt=message["ReceiptHandle"],
            received=int(attributes.get("ApproximateReceiveCount", "1")),
            sent_ms=int(attributes.get("SentTimestamp", "0")),
        )

    def hide(self, delivery: Delivery, seconds: int) -> None:
        """Nobody gets the message for `seconds` from now; 0 gives it back at once."""
        with translated(QueueUnavailable, "queue"):
            self._client.change_message_visibility(
                QueueUrl=self.queue_url, ReceiptHandle=delivery.receipt, VisibilityTimeout=seconds
            )

    def delete(self, delivery: Delivery) -> None:
        with translated(QueueUnavailable, "queue"):
            self._client.delete_message(QueueUrl=self.queue_url, ReceiptHandle=delivery.receipt)

    def bury(self, delivery: Delivery, failure: Failure) -> None:
        """Move the message to the dead-letter queue, with the reason for `mark_failed`.

        Killed in between, the message lies in both queues; whoever gets it again finds the job FAILED.
        """
        reason: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (
                ("error_code", failure.code),
                ("error_detail", failure.message),
                ("error_hint", failure.hint),
            )
            if value
        }
        with translated(QueueUnavailable, "queue"):
            self._client.send_message(
                QueueUrl=self._dead_letter_url, MessageBody=delivery.body, MessageAttributes=reason
            )
        self.delete(delivery)

    @cached_property
    def _dead_letter_url(self) -> str:
        with translated(QueueUnavailable, "queue"):
            attributes = self._client.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["RedrivePolicy"])
            policy = attributes.get("Attributes", {}).get("RedrivePolicy")
            if policy is None:
                raise MisconfiguredSetting(
                    "RedrivePolicy",
                    expected="a dead-letter queue",
                    found="none",
                    fix="give the queue a RedrivePolicy, as template.yaml does",
                )
            account, name = json.loads(policy)["deadLetterTargetArn"].split(":")[4:6]
            return self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
