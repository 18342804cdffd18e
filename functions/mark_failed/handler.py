"""A message has landed in a dead-letter queue: its job's owner is told."""

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sotto.domain.drops import PREFIX as DROPBOX
from sotto.domain.events import (
    FETCH_REQUESTED,
    FetchRequested,
    ObjectCreated,
    ObjectRecord,
    PartQueued,
    failure_of,
)
from sotto.entry import drop_wiring, wiring
from sotto.entry.queue import handle_records
from sotto.entry.telemetry import make_logger

logger = make_logger("mark_failed")


def mark_failed(record: SQSRecord) -> str:
    """Fail the job behind one dead message, which is a part, a request to fetch or an object-created event."""
    if '"Records"' in record.body:
        return ",".join(map(mark_arrival, ObjectCreated.model_validate_json(record.body).records))
    if FETCH_REQUESTED in record.body:
        return wiring.fail_job().for_fetch(FetchRequested.model_validate_json(record.body))
    attributes = {name: value.string_value for name, value in record.message_attributes.items()}
    return wiring.fail_job().for_part(PartQueued.model_validate_json(record.body), failure_of(attributes))


def mark_arrival(entry: ObjectRecord) -> str:
    key = entry.s3.object.decoded_key
    if key.startswith(DROPBOX):
        return drop_wiring.fail_drop()(key, entry.s3.object.version_id)
    return wiring.fail_job().for_arrival(key)


handler = handle_records(logger, mark_failed, wiring.retries)
