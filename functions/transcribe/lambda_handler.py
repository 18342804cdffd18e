"""The Lambda door of the same container: SQS records in, one a call (BatchSize 1), failed ones named in the answer.

A rejected part is consumed, since its job is FAILED by then and says why. Whatever else fails comes back to the queue,
and soon: Lambda itself would leave the message hidden for the queue's whole visibility timeout. A message that is no
part at all takes that way too, so that it ends in the dead-letter queue and not in silence.
"""

from __future__ import annotations

import random

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sotto.domain.errors import InvalidInput, Rejected, Unavailable
from sotto.domain.events import PartQueued
from sotto.domain.retries import retry_delay_s
from sotto.entry import wiring
from sotto.entry.part_events import part_of_message
from sotto.entry.queue import handle_records
from sotto.entry.telemetry import make_logger

logger = make_logger("transcribe")


def transcribe(record: SQSRecord) -> str:
    """Transcribe the part in the record's body. Returns what happened, in a word."""
    try:
        part = _part(record)
        return wiring.part_worker()(part)
    except Rejected:
        raise
    except Exception as error:
        wait = error.retry_after_s if isinstance(error, Unavailable) else 0
        received = int(record.attributes.approximate_receive_count)
        delay = retry_delay_s(received, chance=random.random(), at_least_s=wait)  # noqa: S311 - jitter
        wiring.retries().again_in(record.event_source_arn, record.receipt_handle, delay)
        raise


def _part(record: SQSRecord) -> PartQueued:
    try:
        return part_of_message(record.body)
    except InvalidInput as error:
        raise RuntimeError(error.message) from error


# While Lambda starts the container, not while the first part waits.
wiring.part_worker().warm_up_in_background()
handler = handle_records(logger, transcribe)
