"""A message has landed in a dead-letter queue: its job's owner is told, and it is kept for an operator."""

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
from sotto.domain.object_keys import parse_upload_key
from sotto.entry import dead_letter_wiring, drop_wiring, wiring
from sotto.entry.queue import handle_records, message_of
from sotto.entry.telemetry import make_logger

logger = make_logger("mark_failed")


def mark_failed(record: SQSRecord) -> str:
    """Fail the job behind one dead message: a part, a request to fetch or an object-created event. Keep the message."""
    if '"Records"' in record.body:
        entries = ObjectCreated.model_validate_json(record.body).records
        return ",".join(mark_arrival(record, entry) for entry in entries)
    keep, message = dead_letter_wiring.keep_letter(), message_of(record)
    if FETCH_REQUESTED in record.body:
        fetch = FetchRequested.model_validate_json(record.body)
        outcome = wiring.fail_job().for_fetch(fetch)
        keep(message, fetch.owner, fetch.job_id, fetch.attempt, None)
        return outcome
    attributes = {name: value.string_value for name, value in record.message_attributes.items()}
    part = PartQueued.model_validate_json(record.body)
    outcome = wiring.fail_job().for_part(part, failure_of(attributes))
    keep(message, part.owner, part.job_id, part.attempt, part.part.index)
    return outcome


def mark_arrival(record: SQSRecord, entry: ObjectRecord) -> str:
    key = entry.s3.object.decoded_key
    if key.startswith(DROPBOX):
        return drop_wiring.fail_drop()(key, entry.s3.object.version_id)
    outcome, upload = wiring.fail_job().for_arrival(key), parse_upload_key(key)
    if upload:
        dead_letter_wiring.keep_letter()(message_of(record), upload.owner, upload.job_id, None, None)
    return outcome


handler = handle_records(logger, mark_failed, wiring.retries)
