"""How many messages lie in a queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto.adapters.aws_errors import translated
from sotto.domain.errors import QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class QueueDepth:
    """Both numbers are SQS's own approximations."""

    name: str
    waiting: int
    in_flight: int


def queue_depths(client: SQSClient, urls: Sequence[str]) -> list[QueueDepth]:
    """Raises QueueUnavailable."""
    found = []
    for url in urls:
        with translated(QueueUnavailable, "queue"):
            said = client.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )["Attributes"]
        found.append(
            QueueDepth(
                url.rpartition("/")[2],
                int(said["ApproximateNumberOfMessages"]),
                int(said["ApproximateNumberOfMessagesNotVisible"]),
            )
        )
    return found
