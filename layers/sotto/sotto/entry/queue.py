"""The queue edge: one record after the other, each with its own fate.

Rejected means that trying again changes nothing, so the message is consumed; whatever else is raised leaves the
message in the queue, whose redrive policy ends in the dead-letter queue. It comes back after a back-off: Lambda itself
would leave it hidden for the queue's whole visibility timeout, which is six times the function's.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sotto.adapters.sqs_retries import SqsRetries
from sotto.domain.errors import Rejected, SottoError, Unavailable
from sotto.domain.retries import retry_delay_s
from sotto.workflows.keep_letter import Arrived
from sotto.workflows.moments import iso

Handler = Callable[[dict[str, Any], Any], Any]


def handle_records(logger: Logger, work: Callable[[SQSRecord], str], retries: Callable[[], SqsRetries]) -> Handler:
    """A Lambda handler that gives each SQS record to `work`, which returns a word for the log."""

    def one(record: SQSRecord) -> None:
        logger.set_correlation_id(record.message_id)
        try:
            outcome = work(record)
        except Rejected as error:
            outcome = error.code
        except Exception as error:
            code = error.code if isinstance(error, SottoError) else "unexpected"
            delay = _delay_s(record, error)
            again = retries().again_in(record.event_source_arn, record.receipt_handle, delay)
            logger.exception(
                "record failed", message_id=record.message_id, code=code, again_in_s=delay if again else None
            )
            raise
        logger.info("record done", message_id=record.message_id, outcome=outcome)

    def handler(event: dict[str, Any], context: Any) -> Any:
        # A new processor for each call: it keeps the last batch's failures as state.
        processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        return process_partial_response(event=event, record_handler=one, processor=processor, context=context)

    return handler


def message_of(record: SQSRecord) -> Arrived:
    """What the queue says of the message. SQS keeps the first time when it moves one to the dead letters itself."""
    sent = datetime.fromtimestamp(int(record.attributes.sent_timestamp) / 1000, UTC)
    return Arrived(
        id=record.message_id,
        queue=record.event_source_arn.rpartition(":")[2],
        first_seen=iso(sent),
        received=int(record.attributes.approximate_receive_count or 1),
    )


def _delay_s(record: SQSRecord, error: Exception) -> int:
    wait = error.retry_after_s if isinstance(error, Unavailable) else 0
    received = int(record.attributes.approximate_receive_count or 1)
    return retry_delay_s(received, chance=random.random(), at_least_s=wait)  # noqa: S311 - jitter
