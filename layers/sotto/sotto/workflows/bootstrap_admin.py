"""Make the first administrator of a new service, once, and lock the door behind.

The one-time password lies in Secrets Manager, where CloudFormation drew it: no log and no template output holds it.
It never becomes anybody's password; whoever can read it exchanges it for an account with a password of their own.
The lock is written in the same transaction as the account, so there is never a second first administrator.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from sotto.domain.audit import Action, Origin, Outcome
from sotto.domain.errors import Unauthenticated, WrongState
from sotto.domain.identity import Role, User, clean_email
from sotto.domain.passwords import check_new_password
from sotto.workflows.identity_ports import Clock, Passwords, Users
from sotto.workflows.moments import iso
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.throttle_tries import ThrottleTries


@dataclass(frozen=True)
class BootstrapAdmin:
    users: Users
    passwords: Passwords
    one_time_password: Callable[[], str]
    throttle: ThrottleTries
    audit: RecordAudit
    clock: Clock
    new_id: Callable[[], str]

    def __call__(self, one_time_password: str, email: str, password: str, origin: Origin) -> User:
        """Raises WrongState when it was done already, Unauthenticated for a wrong one-time password, InvalidInput."""
        if self.users.bootstrapped():
            raise locked()
        self.throttle.begin("bootstrap", origin.address)
        if not hmac.compare_digest(self.one_time_password().encode(), one_time_password.encode()):
            self.audit(Action.BOOTSTRAP, "administrator", origin, outcome=Outcome.REFUSED)
            raise Unauthenticated(
                "one_time_password: expected the one in the bootstrap secret, found another",
                hint="Read the secret whose name ends in BootstrapSecret in Secrets Manager.",
            )
        self.throttle.succeeded("bootstrap", origin.address)
        address = clean_email(email)
        check_new_password(password, email=address, key="password")
        user = User(self.new_id(), address, Role.ADMIN, self.passwords.hash(password), iso(self.clock()))
        self.users.add(user, bootstraps=True)
        self.audit(Action.BOOTSTRAP, user.id, origin, by=user.id)
        return user


def locked() -> WrongState:
    return WrongState(
        "bootstrap: expected a service without an administrator, found one that has had one",
        hint="Sign in, or ask an administrator for an invitation.",
    )
