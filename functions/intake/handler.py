"""A recording has arrived in the bucket, uploaded or dropped."""

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sotto.domain.drops import PREFIX as DROPBOX
from sotto.domain.events import ObjectCreated, ObjectRecord
from sotto.entry import drop_wiring, wiring
from sotto.entry.queue import handle_records
from sotto.entry.telemetry import make_logger

logger = make_logger("intake")


def take_in(record: SQSRecord) -> str:
    """Take in every object of one message; an `s3:TestEvent` has none."""
    event = ObjectCreated.model_validate_json(record.body)
    return ",".join(map(take_in_object, event.records)) or "nothing_to_do"


def take_in_object(entry: ObjectRecord) -> str:
    key = entry.s3.object.decoded_key
    if key.startswith(DROPBOX):
        return drop_wiring.take_drop()(key, entry.s3.object.version_id)
    return wiring.intake_recording()(key, entry.event_time)


handler = handle_records(logger, take_in, wiring.retries)
