"""The keys that sign access tokens: one signs, one waits, old ones still verify for a while.

A rotation promotes the waiting key and makes the next one. Because the waiting key was published one rotation ago,
no verifier meets a token whose key it cannot find. The old key verifies until its last token has expired.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

SEED_BYTES = 32
OVERLAP_MARGIN_S = 300
"""How long a process may go on with the key it has cached (60 s), clock skew, and room to spare."""


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


def new_seed() -> str:
    return secrets.token_hex(SEED_BYTES)


def retired_until(now: int, access_ttl_s: int, *, leaked: bool) -> int:
    """When the key that signed until `now` stops to verify: at once when it leaked."""
    return now if leaked else now + access_ttl_s + OVERLAP_MARGIN_S


def rotated_keys(keys: SigningKeys, public: str, now: int, access_ttl_s: int, *, leaked: bool) -> SigningKeys:
    """The keys after a rotation; `public` is the public half of the present seed.

    A leaked seed takes the waiting one with it, since both lie in the same secret, and the retired ones too, since
    the secret's older versions may have leaked with it.
    """
    old = (public, retired_until(now, access_ttl_s, leaked=leaked))
    living = tuple(entry for entry in keys.retired if entry[1] > now)
    kept = tuple((x, now) for x, _ in living) if leaked else living
    following = None if leaked else keys.next_seed
    return SigningKeys(following or new_seed(), new_seed(), (*kept, old))
