"""Remembered requests in memory, under the same conditions as in the table."""

from __future__ import annotations

from datetime import datetime, timedelta

from sotto.domain.repeats import Claimed

KEEP = timedelta(days=1)


class InMemoryRequests:
    """Implements workflows.request_ports.Requests."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Claimed] = {}

    def claim(self, owner: str, fingerprint: str, wanted: Claimed, *, instead_of: str | None = None) -> Claimed:
        present = self.rows.get((owner, fingerprint))
        age = _moment(wanted) - _moment(present) if present else KEEP
        if present and age < KEEP and present.job_id != instead_of:
            return present
        self.rows[owner, fingerprint] = wanted
        return wanted


def _moment(claimed: Claimed) -> datetime:
    return datetime.fromisoformat(claimed.claimed_at)
