"""The table's stream: keep the search index true to the jobs."""

from typing import Any

from sotto.entry import transcript_wiring as wiring
from sotto.entry.telemetry import make_logger

logger = make_logger("index_words")


def handler(event: dict[str, Any], _context: object) -> None:
    """Bring the index up to date for every job that a record names.

    An error fails the batch, which the stream brings again: indexing twice changes nothing. The job is read again by
    its key, so a record that comes late or twice sees what is there now.
    """
    index = wiring.index_words()
    for record in event.get("Records", []):
        keys = record["dynamodb"]["Keys"]
        kind, _, job_id = str(keys["sk"]["S"]).partition("#")
        outcome = index(str(keys["pk"]["S"]).removeprefix("USER#"), job_id) if kind == "JOB" else "not_a_job"
        logger.info("record done", job_id=job_id, outcome=outcome)
