"""A new password for whoever forgot the old one and still reads their mail."""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.audit import Action, Origin
from sotto.domain.identity import clean_email
from sotto.domain.mail import reset_mail, unknown_address_mail
from sotto.domain.one_time_tokens import RESET, RESET_LIFE, new_token, parse_token, unusable
from sotto.domain.passwords import check_new_password
from sotto.workflows.identity_ports import Clock, Mailer, Passwords, Resets, Sessions, Users
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.throttle_tries import ThrottleTries


@dataclass(frozen=True)
class ResetPassword:
    users: Users
    resets: Resets
    sessions: Sessions
    passwords: Passwords
    mailer: Mailer
    throttle: ThrottleTries
    audit: RecordAudit
    clock: Clock
    web_url: str

    def ask(self, email: str, origin: Origin) -> None:
        """Mail a token. An address without an account (or with a disabled one) gets a mail too, which says so."""
        address = clean_email(email)
        self.throttle.begin(f"reset {address}", origin.address)
        user = self.users.by_email(address)
        if user is None or user.disabled:
            self.mailer.send(unknown_address_mail(address, self.web_url))
            return
        token = new_token(RESET, user.id)
        self.resets.start(user.id, token.hash, int((self.clock() + RESET_LIFE).timestamp()))
        self.mailer.send(reset_mail(address, self.web_url, str(token), int(RESET_LIFE.total_seconds() // 60)))
        self.audit(Action.PASSWORD_RESET_ASKED, user.id, origin)

    def finish(self, token: str, new: str, origin: Origin) -> None:
        """Set the new password and end every session. Raises InvalidInput; an unfit password leaves the token good."""
        presented = parse_token(RESET, token, key="token")
        user = self.users.by_id(presented.name)
        check_new_password(new, email=user.email if user else "")
        if user is None or user.disabled:
            raise unusable("token")
        if not self.resets.spend(user.id, presented.hash, int(self.clock().timestamp())):
            raise unusable("token")
        self.users.set_password(user.id, self.passwords.hash(new), must_change=False)
        self.sessions.end_all(user.id)
        self.audit(Action.PASSWORD_RESET, user.id, origin, by=user.id)
