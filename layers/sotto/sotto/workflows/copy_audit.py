"""Copy the audit log to where it cannot be changed: entry by entry as they are written, or a whole day again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sotto.domain.audit import AuditEntry
from sotto.workflows.identity_ports import AuditCopies, AuditLog

PAGE = 100


@dataclass(frozen=True)
class CopyAudit:
    log: AuditLog
    copies: AuditCopies

    def __call__(self, entry: AuditEntry) -> str:
        """Keep one entry. Returns a word for the log; repeating it changes nothing."""
        return "copied" if self.copies.keep(entry) else "copied_before"

    def entries(self, day: str) -> Iterator[AuditEntry]:
        """What the log says now of one day (`day` as 2026-11-22, UTC), newest first.

        To repair what the stream gave up, and to copy days from before there was a copy. An entry that was kept when it
        was written stays as it is, whatever the log says now.
        """
        cursor = None
        while True:
            page = self.log.page(day, limit=PAGE, cursor=cursor)
            yield from page.entries
            cursor = page.cursor
            if cursor is None:
                return
