"""The API's shapes of deletion receipts."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sotto.domain.receipts import Deletion, Receipt
from sotto.domain.signed_receipts import MAX_JWS_CHARS
from sotto.entry.job_shapes import Shape


class ReceiptAnswer(Shape):
    """Answer of DELETE /v1/jobs/{id}: the receipt to read, and the same one signed."""

    receipt: Receipt
    jws: str

    @classmethod
    def of(cls, deletion: Deletion) -> ReceiptAnswer:
        return cls(receipt=deletion.receipt, jws=str(deletion.jws))


class VerifyRequest(Shape):
    """Body of POST /v1/receipts/verify: the answer of a deletion, or its `jws` alone."""

    jws: str = Field(max_length=MAX_JWS_CHARS)
    receipt: dict[str, Any] | None = None


class VerifiedAnswer(Shape):
    """What the signature vouches for."""

    valid: Literal[True] = True
    receipt: Receipt


class ReceiptKeysAnswer(Shape):
    """A JWK Set (RFC 7517)."""

    keys: list[dict[str, str]]
