"""Write one line of the audit log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sotto.domain.audit import Action, AuditEntry, Origin, Outcome
from sotto.domain.identity import Principal
from sotto.workflows.identity_ports import AuditTrail, Clock
from sotto.workflows.moments import iso

NOBODY = "nobody"


@dataclass(frozen=True)
class RecordAudit:
    log: AuditTrail
    clock: Clock
    new_id: Callable[[], str]

    def __call__(
        self,
        action: Action,
        object_id: str,
        origin: Origin,
        *,
        by: Principal | str = NOBODY,
        outcome: Outcome = Outcome.DONE,
        detail: str = "",
    ) -> None:
        """`by` is a principal, or the id of a user who is not signed in (yet)."""
        self.log.append(
            AuditEntry(
                id=self.new_id(),
                at=iso(self.clock()),
                who=by.user_id if isinstance(by, Principal) else by,
                credential=by.credential if isinstance(by, Principal) else "none",
                action=action,
                object=object_id,
                outcome=outcome,
                address=origin.address,
                request_id=origin.request_id,
                detail=detail,
            )
        )
