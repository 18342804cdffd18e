"""Show administrators what happened on a day; looking is itself an entry."""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.audit import Action, AuditPage, Origin
from sotto.domain.identity import Principal
from sotto.workflows.identity_ports import AuditLog
from sotto.workflows.record_audit import RecordAudit


@dataclass(frozen=True)
class ReadAudit:
    log: AuditLog
    audit: RecordAudit

    def __call__(self, principal: Principal, day: str, *, limit: int, cursor: str | None, origin: Origin) -> AuditPage:
        """One page, newest first. Only the first page of a reading is noted."""
        if cursor is None:
            self.audit(Action.AUDIT_READ, day, origin, by=principal)
        return self.log.page(day, limit=limit, cursor=cursor)
