"""The search index's door: records of the table's stream about jobs, and about indexes that somebody doubts.

The job is read again by its key, so a record that comes late or twice sees what is there now. A record that could not
be dealt with is reported, and the stream brings it again. When that is given up, the index is behind until the job's
next edit or a rebuild (workflows/rebuild_index.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger

from sotto.domain.errors import SottoError


@dataclass(frozen=True)
class WordsDoor:
    """`index` brings the index of an owner's job up to date, and says in a word what it did."""

    index: Callable[[str, str], str]
    logger: Logger

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        del context
        failed = [record for record in event.get("Records", []) if not self._is_done(record)]
        return {"batchItemFailures": [{"itemIdentifier": one["dynamodb"]["SequenceNumber"]} for one in failed]}

    def _is_done(self, record: Mapping[str, Any]) -> bool:
        keys = record["dynamodb"]["Keys"]
        kind, _, job_id = str(keys["sk"]["S"]).partition("#")
        outcome = "not_ours"
        try:
            if kind in ("JOB", "WORDS"):
                outcome = self.index(str(keys["pk"]["S"]).removeprefix("USER#"), job_id)
        except SottoError as error:
            self.logger.exception("index failed", job_id=job_id, code=error.code)
            return False
        self.logger.info("record done", job_id=job_id, outcome=outcome)
        return True
