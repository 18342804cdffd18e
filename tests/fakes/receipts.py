"""Deletions in memory, and a signing key that is made for the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from sotto.domain.receipts import Deletion, Receipt
from sotto.domain.signed_receipts import public_jwk, sealed, signing_input


class InMemoryReceipts:
    """Implements workflows.receipt_ports.Receipts."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Deletion] = {}
        self.due_at: dict[tuple[str, str], str] = {}

    def find(self, owner: str, job_id: str) -> Deletion | None:
        return self.rows.get((owner, job_id))

    def note(self, receipt: Receipt, *, before: Receipt | None, due_at: str) -> bool:
        stored = self.find(receipt.owner, receipt.job_id)
        if (stored.receipt if stored else None) != before or (stored and stored.jws):
            return False
        self._store(Deletion(receipt), due_at)
        return True

    def sign(self, receipt: Receipt, jws: str, *, due_at: str) -> Deletion:
        stored = self.find(receipt.owner, receipt.job_id)
        if stored and stored.jws:
            return stored
        return self._store(Deletion(receipt, jws), due_at)

    def due(self, now: str, *, limit: int) -> Sequence[Deletion]:
        late = sorted((at, key) for key, at in self.due_at.items() if at <= now)
        return [self.rows[key] for _, key in late[:limit]]

    def postpone(self, receipt: Receipt, due_at: str | None) -> None:
        key = receipt.owner, receipt.job_id
        if due_at is None:
            del self.due_at[key]
        else:
            self.due_at[key] = due_at

    def _store(self, deletion: Deletion, due_at: str) -> Deletion:
        key = deletion.receipt.owner, deletion.receipt.job_id
        self.rows[key], self.due_at[key] = deletion, due_at
        return deletion


class KeyInMemory:
    """Implements workflows.receipt_ports.ReceiptSigner."""

    def __init__(self) -> None:
        self._private = generate_private_key(SECP256R1())

    def sign(self, receipt: Receipt) -> str:
        signed = signing_input(receipt, str(self.keys()[0]["kid"]))
        return sealed(signed, self._private.sign(signed, ECDSA(SHA256())))

    def keys(self) -> Sequence[Mapping[str, Any]]:
        return [public_jwk(self._private.public_key())]
