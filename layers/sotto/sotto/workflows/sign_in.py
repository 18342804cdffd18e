"""Let a person in who knows the password, and tell nobody else whether the account exists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sotto.domain.audit import Action, Origin, Outcome
from sotto.domain.errors import InvalidInput, Unauthenticated
from sotto.domain.identity import MAX_EMAIL_LENGTH, User, clean_email
from sotto.domain.passwords import MAX_LENGTH
from sotto.domain.tokens import Session, new_refresh_token
from sotto.workflows.identity_ports import Clock, Passwords, Sessions, Users
from sotto.workflows.issue_tokens import IssueTokens, SignedIn
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.throttle_tries import ThrottleTries

WRONG = "Expected the e-mail address and password of an active account, found something else."
HINT = "Check both, or ask for a new password."


@dataclass(frozen=True)
class SignIn:
    users: Users
    sessions: Sessions
    passwords: Passwords
    issue: IssueTokens
    throttle: ThrottleTries
    audit: RecordAudit
    clock: Clock
    refresh_ttl: timedelta

    def __call__(self, email: str, password: str, origin: Origin) -> SignedIn:
        """Start a session. Raises LimitReached, or Unauthenticated with the same words for every reason."""
        subject = email.strip().lower()[:MAX_EMAIL_LENGTH]
        self.throttle.begin(subject, origin.address)
        found = self._find(email)
        user = self._proven(found, password)
        if user is None:  # what was typed is not noted: people type passwords into the wrong field
            self.audit(Action.SIGN_IN, found.id if found else "no account", origin, outcome=Outcome.REFUSED)
            raise Unauthenticated(WRONG, hint=HINT)
        self.throttle.succeeded(subject, origin.address)
        self.audit(Action.SIGN_IN, user.id, origin, by=user.id)
        now = self.clock()
        token = new_refresh_token(user.id)
        self.sessions.start(
            Session(
                user_id=user.id,
                family=token.family,
                current_hash=token.hash,
                created_at=now,
                rotated_at=now,
                expires_at=now + self.refresh_ttl,
            )
        )
        return self.issue(user, token, now)

    def _proven(self, user: User | None, password: str) -> User | None:
        """`user` if they may come in, after one argon2id computation in every case: also for None or a disabled one."""
        known = user.password_hash if user and len(password) <= MAX_LENGTH else None
        if not self.passwords.matches(password[:MAX_LENGTH], known) or user is None or user.disabled:
            return None
        if self.passwords.is_outdated(user.password_hash):
            self.users.set_password(user.id, self.passwords.hash(password), must_change=user.must_change_password)
        return user

    def _find(self, email: str) -> User | None:
        try:
            return self.users.by_email(clean_email(email))
        except InvalidInput:
            return None
