"""Seed an administrator from outside the API: what `sotto up` does on a laptop.

The account need not change its password at first sign-in unless the caller says so: `sotto up` draws a random one and
writes it to a file that only its owner may read, and the end-to-end tests use it as it is. On AWS the one-time
password of the bootstrap must be changed (bootstrap_admin.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sotto.domain.errors import AlreadyExists
from sotto.domain.identity import Role, User, clean_email
from sotto.domain.passwords import check_new_password
from sotto.workflows.identity_ports import Clock, Passwords, Users
from sotto.workflows.moments import iso


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    from ulid import ULID

    return str(ULID())


def create_admin(
    users: Users,
    passwords: Passwords,
    email: str,
    password: str,
    *,
    must_change_password: bool = False,
    clock: Clock = _now,
    new_id: Callable[[], str] = _new_id,
) -> User:
    """Store the administrator, or, when the address is already an account, give that account this password.

    So it may be repeated: a stack that kept its table and lost its credentials file gets new credentials.
    """
    address = clean_email(email)
    hashed = passwords.hash(check_new_password(password, email=address, key="password"))
    known = users.by_email(address)
    if known is not None and known.role is not Role.ADMIN:
        raise AlreadyExists("email: expected a new address or an administrator's, found another account's")
    if known is not None:
        users.set_password(known.id, hashed, must_change=must_change_password)
        return known
    user = User(
        id=new_id(),
        email=address,
        role=Role.ADMIN,
        password_hash=hashed,
        created_at=iso(clock()),
        must_change_password=must_change_password,
    )
    users.add(user)
    users.lock_bootstrap()
    return user
