"""Passwords as argon2id hashes, with OWASP's first choice of parameters (46 MiB, one pass, one lane).

One lane, because a Lambda function of this size has one core. The dummy hash makes an unknown account cost what a
known one costs; its parameters are the same by construction.
"""

from __future__ import annotations

from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 47104
PASSES = 1
LANES = 1


class Argon2Passwords:
    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def matches(self, password: str, hashed: str | None) -> bool:
        """Whether they belong together; None (no such user) takes as long as a wrong password."""
        nobodys = self._nobodys  # made before the branch, so that the first call of a process is alike too
        try:
            self._hasher.verify(nobodys if hashed is None else hashed, password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)
