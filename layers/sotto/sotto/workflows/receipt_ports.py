"""What deletions need of the outside world. Every method may raise Unavailable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sotto.domain.receipts import Deletion, Receipt


class Receipts(Protocol):
    """Deletions, from their first look at the job to long after their receipt was signed."""

    def find(self, owner: str, job_id: str) -> Deletion | None:
        """Read a deletion, consistently."""
        ...

    def note(self, receipt: Receipt, *, before: Receipt | None, due_at: str) -> bool:
        """Store an unsigned receipt in place of `before`, the one that was read, and look again at `due_at`.

        False, and nothing is stored, when another process was faster or the receipt is signed.
        """
        ...

    def sign(self, receipt: Receipt, jws: str, *, due_at: str) -> Deletion:
        """Store the signed receipt, or return the one that was signed before: the first one stays."""
        ...

    def due(self, now: str, *, limit: int) -> Sequence[Deletion]:
        """Deletions to look at again by `now`, oldest first."""
        ...

    def postpone(self, receipt: Receipt, due_at: str | None) -> None:
        """Look at the deletion again at `due_at`, or never again."""
        ...


class ReceiptSigner(Protocol):
    """The key that signs receipts, and nothing else."""

    def sign(self, receipt: Receipt) -> str:
        """The receipt as JWS."""
        ...

    def keys(self) -> Sequence[Mapping[str, Any]]:
        """The public halves, as JWKs."""
        ...
