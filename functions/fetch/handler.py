"""A recording is to be fetched from its address."""

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sotto.domain.events import FetchRequested
from sotto.entry import fetch_wiring, wiring
from sotto.entry.queue import handle_records
from sotto.entry.telemetry import make_logger

logger = make_logger("fetch")


def fetch(record: SQSRecord) -> str:
    return fetch_wiring.fetch(FetchRequested.model_validate_json(record.body))


handler = handle_records(logger, fetch, wiring.retries)
