"""An audit entry as a row. On its own and without an SDK, because the authorizer writes some too."""

from __future__ import annotations

from datetime import datetime, timedelta

from sotto.domain.audit import AuditEntry


def audit_row(entry: AuditEntry, keep_days: int) -> dict[str, str | int]:
    """The row of an entry, as plain values."""
    expires = datetime.fromisoformat(entry.at) + timedelta(days=keep_days)
    return {
        "pk": f"AUDIT#{entry.at[:10]}",
        "sk": f"{entry.at}#{entry.id}",
        "id": entry.id,
        "at": entry.at,
        "who": entry.who,
        "credential": entry.credential,
        "action": entry.action.value,
        "object": entry.object,
        "outcome": entry.outcome.value,
        "address": entry.address,
        "request_id": entry.request_id,
        "detail": entry.detail,
        "expires_at": int(expires.timestamp()),
    }
