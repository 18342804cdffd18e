"""The keys that sign access tokens: one signs, one waits, old ones still verify for a while."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SigningKeys:
    """`seed` signs; `next_seed` is published and signs after the next rotation. Seeds are 64 hex digits.

    `retired` are public halves and when (epoch seconds) they stop to verify.
    """

    seed: str
    next_seed: str | None = None
    retired: tuple[tuple[str, int], ...] = ()

    def __repr__(self) -> str:
        return f"SigningKeys(seeds hidden, retired={len(self.retired)})"
