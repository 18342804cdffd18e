"""Bring a failed message back soon, instead of when its visibility timeout ends.

Lambda asks for a visibility timeout of six times the function's, an hour for transcribe, and does not shorten it when
the function fails. Without this, a moment's outage of the bucket would delay a part by an hour.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsRetries:
    """Works from a queue's ARN, which is what Lambda hands over with each record."""

    def __init__(self, client: SQSClient) -> None:
        self._client = client
        self._url = lru_cache(maxsize=8)(self._url_of)

    def again_in(self, queue_arn: str, receipt_handle: str, seconds: int) -> bool:
        """Make the message visible after `seconds`. False when that failed: it then comes back by itself, later."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url(queue_arn), ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except (BotoCoreError, ClientError):
            return False
        return True

    def _url_of(self, queue_arn: str) -> str:
        account, name = queue_arn.split(":")[4:6]
        return self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
