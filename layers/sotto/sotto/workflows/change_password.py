"""Change one's own password; every session ends, so that whoever else was signed in is out."""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.audit import Action, Origin, Outcome
from sotto.domain.errors import Forbidden, InvalidInput, NotFound
from sotto.domain.identity import Principal
from sotto.domain.passwords import MAX_LENGTH, check_new_password
from sotto.workflows.identity_ports import Passwords, Sessions, Users
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.throttle_tries import ThrottleTries


@dataclass(frozen=True)
class ChangePassword:
    users: Users
    sessions: Sessions
    passwords: Passwords
    throttle: ThrottleTries
    audit: RecordAudit

    def __call__(self, principal: Principal, old: str, new: str, origin: Origin) -> None:
        """Raises InvalidInput for a wrong old or an unfit new password, Forbidden for an API key, LimitReached."""
        if principal.credential != "token":
            raise Forbidden("expected a signed-in person, found an API key", hint="Sign in to change the password.")
        user = self.users.by_id(principal.user_id)
        if user is None:
            raise NotFound("account: expected yours, found none")
        self.throttle.begin(user.email, origin.address)
        if len(old) > MAX_LENGTH or not self.passwords.matches(old, user.password_hash):
            self.audit(Action.PASSWORD_CHANGED, user.id, origin, by=principal, outcome=Outcome.REFUSED)
            raise InvalidInput("old_password", expected="your present password", found="another one")
        self.throttle.succeeded(user.email, origin.address)
        check_new_password(new, email=user.email)
        if new == old:
            raise InvalidInput("new_password", expected="a password other than the old one", found="the old one")
        self.users.set_password(user.id, self.passwords.hash(new), must_change=False)
        self.sessions.end_all(user.id)
        self.audit(Action.PASSWORD_CHANGED, user.id, origin, by=principal)
