"""The Lambda door of the same container: SQS records in, one a call (BatchSize 1), failed ones named in the answer.

A rejected part is consumed, since its job is FAILED by then and says why. A message that is no part at all comes back
like one that failed, so that it ends in the dead-letter queue and not in silence.
"""

from __future__ import annotations

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sotto.domain.errors import InvalidInput
from sotto.domain.events import PartQueued
from sotto.entry import wiring
from sotto.entry.part_events import part_of_message
from sotto.entry.queue import handle_records
from sotto.entry.telemetry import make_logger

logger = make_logger("transcribe")


def transcribe(record: SQSRecord) -> str:
    """Transcribe the part in the record's body. Returns what happened, in a word."""
    return wiring.part_worker()(_part(record))


def _part(record: SQSRecord) -> PartQueued:
    try:
        return part_of_message(record.body)
    except InvalidInput as error:
        raise RuntimeError(error.message) from error


# While Lambda starts the container, not while the first part waits.
wiring.part_worker().warm_up_in_background()
handler = handle_records(logger, transcribe, wiring.retries)
