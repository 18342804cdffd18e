"""What a new password must be, and how one is made when nobody chooses it.

Length is what counts (NIST SP 800-63B): no rule demands digits or signs, which people answer with `Password1!`.
"""

from __future__ import annotations

import secrets

from sotto.domain.errors import InvalidInput

MIN_LENGTH = 12
MAX_LENGTH = 256  # argon2id reads any length; the cap keeps one request from buying a lot of hashing
_GENERATED_BYTES = 18  # 144 bits, 24 characters


def check_new_password(password: str, *, email: str, key: str = "new_password") -> str:
    """Return `password`, or raise InvalidInput, which never repeats it."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidInput(
            key, expected=f"{MIN_LENGTH} to {MAX_LENGTH} characters", found=f"{len(password)} characters"
        )
    plain = password.casefold()
    if len(set(plain)) < 5:
        raise InvalidInput(key, expected="at least 5 different characters", found=f"{len(set(plain))}")
    name = email.partition("@")[0].casefold()
    if len(name) >= 4 and name in plain:
        raise InvalidInput(key, expected="a password without your e-mail name", found="one that contains it")
    return password


def random_password() -> str:
    """A password for an account that a machine seeds: 24 characters, safe in a shell and in a URL."""
    return secrets.token_urlsafe(_GENERATED_BYTES)
