"""The queue edge: one record after the other, each with its own fate.

Rejected means that trying again changes nothing, so the message is consumed; whatever else is raised leaves the
message in the queue, whose redrive policy ends in the dead-letter queue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sotto.domain.errors import Rejected, SottoError

Handler = Callable[[dict[str, Any], Any], Any]


def handle_records(logger: Logger, work: Callable[[SQSRecord], str]) -> Handler:
    """A Lambda handler that gives each SQS record to `work`, which returns a word for the log."""

    def one(record: SQSRecord) -> None:
        logger.set_correlation_id(record.message_id)
        try:
            outcome = work(record)
        except Rejected as error:
            outcome = error.code
        except Exception as error:
            code = error.code if isinstance(error, SottoError) else "unexpected"
            logger.exception("record failed", message_id=record.message_id, code=code)
            raise
        logger.info("record done", message_id=record.message_id, outcome=outcome)

    def handler(event: dict[str, Any], context: Any) -> Any:
        # A new processor for each call: it keeps the last batch's failures as state.
        processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        return process_partial_response(event=event, record_handler=one, processor=processor, context=context)

    return handler
