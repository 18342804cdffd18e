"""A recording has arrived in the bucket."""

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sotto.domain.events import ObjectCreated
from sotto.entry import wiring
from sotto.entry.queue import handle_records
from sotto.entry.telemetry import make_logger

logger = make_logger("intake")


def take_in(record: SQSRecord) -> str:
    """Take in every object of one message; an `s3:TestEvent` has none."""
    event = ObjectCreated.model_validate_json(record.body)
    intake = wiring.intake_recording()
    outcomes = [intake(entry.s3.object.decoded_key, entry.event_time) for entry in event.records]
    return ",".join(outcomes) or "nothing_to_do"


handler = handle_records(logger, take_in, wiring.retries)
