"""The outbox's door: records of the table's stream, and the schedule that looks for what they missed.

The audit log's copy comes through it, too: two functions may read a table's stream side by side, and this one and the
search index are two. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.Lambda.html

Rows are read again by their keys, so a record that comes late or twice sees what is there now; an audit entry is taken
from the record, which says what was written, whatever became of the row. Rows are dealt with
side by side, since each may wait for somebody else's server. A record that could not be dealt with is reported, and
the stream brings it again; after that it is the sweep's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from aws_lambda_powertools import Logger

from sotto.adapters.dynamo_audit import entry_of_image
from sotto.domain.audit import AuditEntry
from sotto.domain.errors import InvalidInput, MisconfiguredSetting, NotFound, SottoError
from sotto.domain.outbox import OutboxEvent
from sotto.domain.webhooks import Delivery
from sotto.entry.environment import FIX
from sotto.entry.settings import NotifySettings
from sotto.workflows.copy_audit import CopyAudit
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock
from sotto.workflows.webhook_ports import Deliveries, Outbox

SIDE_BY_SIDE = 10
SWEEP = 50  # rows a sweep: at 10 s each, 10 side by side, it ends within its minute
FAILED, NOT_OURS = "failed", "not_ours"
AUDIT_OF = "copy_audit_of"
Row = OutboxEvent | Delivery | AuditEntry | str
"""A row to deal with, or a word that says why there is nothing to do."""


@dataclass(frozen=True)
class OutboxDoor:
    outbox: Outbox
    deliveries: Deliveries
    deliver: Callable[[OutboxEvent | Delivery], str]
    clock: Clock
    logger: Logger
    copy_audit: CopyAudit | None = None
    """None where no copy is kept."""

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        del context
        records = event.get("Records")
        if AUDIT_OF in event:
            return self._copy_day(event[AUDIT_OF])
        if records is None:
            outcomes = self._side_by_side(list(self.outbox.due(iso(self.clock()), limit=SWEEP)))
            self.logger.info("swept", outcomes=dict(Counter(outcomes)))
            return {}
        found = [self._row_of(record) for record in records]
        outcomes = self._side_by_side(found)
        self.logger.info("told", outcomes=dict(Counter(outcomes)))
        failed = [record for record, outcome in zip(records, outcomes, strict=True) if outcome == FAILED]
        return {"batchItemFailures": [{"itemIdentifier": one["dynamodb"]["SequenceNumber"]} for one in failed]}

    def _copy_day(self, day: object) -> dict[str, Any]:
        """By an operator's hand. An error reaches whoever asked."""
        if self.copy_audit is None:
            raise MisconfiguredSetting(
                NotifySettings.key("audit_bucket"), expected="a bucket for the copy", found="nothing", fix=FIX
            )
        try:
            known = date.fromisoformat(str(day)).isoformat()
        except ValueError:
            raise InvalidInput(AUDIT_OF, expected="a day such as 2026-11-22", found=day) from None
        outcomes = dict(Counter(self._side_by_side(list(self.copy_audit.entries(known)))))
        self.logger.info("audit copied", day=known, outcomes=outcomes)
        return outcomes

    def _side_by_side(self, rows: Sequence[Row]) -> list[str]:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return list(pool.map(self._deal_with, rows))

    def _deal_with(self, row: Row) -> str:
        if isinstance(row, str):
            return row
        try:
            if isinstance(row, AuditEntry):
                return self.copy_audit(row) if self.copy_audit else NOT_OURS
            return self.deliver(row)
        except SottoError as error:
            self.logger.exception("outbox row failed", row=row.id, code=error.code)
            return FAILED

    def _row_of(self, record: dict[str, Any]) -> Row:
        """The row as it is now, or a word that says why there is nothing to do."""
        keys = record["dynamodb"]["Keys"]
        owner = str(keys["pk"]["S"]).removeprefix("USER#")
        kind, *ids = str(keys["sk"]["S"]).split("#")
        try:
            if owner.startswith("AUDIT#"):
                return entry_of_image(record["dynamodb"]["NewImage"])
            if kind == "EVENT" and len(ids) == 1:
                return self.outbox.get(owner, ids[0]) or "already_settled"
            if kind == "DELIVERY" and len(ids) == 2:
                return self.deliveries.get(owner, ids[0], ids[1])
        except NotFound:
            return "gone"
        except SottoError as error:
            self.logger.exception("outbox row not read", code=error.code)
            return FAILED
        return NOT_OURS
