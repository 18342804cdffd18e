"""Ways to an account: an administrator's invitation, or one's own request where sign-up is open. Both go by mail.

So every address was proven before it has an account, and an answer never tells whether it has one already.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from sotto.domain.audit import Action, Origin
from sotto.domain.errors import Forbidden
from sotto.domain.identity import Principal, Role, User, clean_email
from sotto.domain.mail import already_member_mail, invitation_mail
from sotto.domain.one_time_tokens import INVITATION, INVITATION_LIFE, Invitation, new_token, parse_token, unusable
from sotto.domain.passwords import check_new_password
from sotto.workflows.identity_ports import Clock, Invitations, Mailer, Passwords, Users
from sotto.workflows.moments import iso
from sotto.workflows.record_audit import NOBODY, RecordAudit
from sotto.workflows.throttle_tries import ThrottleTries


@dataclass(frozen=True)
class OpenAccount:
    users: Users
    invitations: Invitations
    passwords: Passwords
    mailer: Mailer
    throttle: ThrottleTries
    audit: RecordAudit
    clock: Clock
    new_id: Callable[[], str]
    web_url: str
    open_to_all: bool

    def invite(self, principal: Principal, email: str, role: Role, origin: Origin) -> None:
        """Mail an invitation. Somebody who has an account gets a mail that says so."""
        self._mail(clean_email(email), role, principal.user_id)
        self.audit(Action.INVITED, role.value, origin, by=principal)

    def ask(self, email: str, origin: Origin) -> None:
        """Mail an invitation to whoever asks. Raises Forbidden where an administrator must invite."""
        if not self.open_to_all:
            raise Forbidden("sign-up: expected an invitation, found none", hint="Ask an administrator to invite you.")
        address = clean_email(email)
        self.throttle.begin(f"sign-up {address}", origin.address)
        self._mail(address, Role.USER, NOBODY)
        self.audit(Action.INVITED, Role.USER.value, origin)

    def accept(self, token: str, password: str, origin: Origin) -> User:
        """Open the account that the invitation names. Raises InvalidInput, AlreadyExists."""
        presented = parse_token(INVITATION, token, key="invitation")
        invitation = self.invitations.find(presented.name)
        now = self.clock()
        if (
            invitation is None
            or not hmac.compare_digest(invitation.hash, presented.hash)
            or now.timestamp() >= invitation.expires_at
        ):
            raise unusable("invitation")
        check_new_password(password, email=invitation.email, key="password")
        user = User(
            id=self.new_id(),
            email=invitation.email,
            role=invitation.role,
            password_hash=self.passwords.hash(password),
            created_at=iso(now),
        )
        self.users.add(user, spends=invitation)
        self.audit(Action.SIGN_UP, user.id, origin, by=user.id, detail=f"invited by {invitation.invited_by}")
        return user

    def _mail(self, address: str, role: Role, invited_by: str) -> None:
        if self.users.by_email(address) is not None:
            self.mailer.send(already_member_mail(address, self.web_url))
            return
        token = new_token(INVITATION, self.new_id())
        expires_at = int((self.clock() + INVITATION_LIFE).timestamp())
        self.invitations.add(Invitation(token.name, token.hash, address, role, invited_by, expires_at))
        self.mailer.send(invitation_mail(address, self.web_url, str(token), INVITATION_LIFE.days))
