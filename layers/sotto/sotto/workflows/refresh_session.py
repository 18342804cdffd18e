"""Exchange a refresh token for the next pair; end the whole family when an old one turns up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sotto.domain.audit import Action, Origin, Outcome
from sotto.domain.errors import Unauthenticated
from sotto.domain.tokens import RefreshToken, Session, Verdict, judge, next_token, parse_refresh_token, rotated
from sotto.workflows.identity_ports import Clock, Sessions, Users
from sotto.workflows.issue_tokens import IssueTokens, SignedIn
from sotto.workflows.record_audit import RecordAudit

GONE = "refresh_token: expected the latest one of a living session, found another."
HINT = "Sign in again."


@dataclass(frozen=True)
class RefreshSession:
    users: Users
    sessions: Sessions
    issue: IssueTokens
    audit: RecordAudit
    clock: Clock
    refresh_ttl: timedelta

    def __call__(self, text: str, origin: Origin) -> SignedIn:
        """Raises Unauthenticated; after reuse of an old token, every token of the family is dead."""
        presented = parse_refresh_token(text)
        now = self.clock()
        following = self._exchange(presented, now, origin)
        user = self.users.by_id(presented.user_id)
        if user is None or user.disabled:
            self.sessions.end(presented.user_id, presented.family)
            raise Unauthenticated(GONE, hint=HINT)
        return self.issue(user, following, now)

    def _exchange(self, presented: RefreshToken, now: datetime, origin: Origin) -> RefreshToken:
        """The next token. Two racing callers with the same token get the same one: the loser reads again, once."""
        session = self._living(presented)
        if judge(session, presented, now) is Verdict.CURRENT:
            changed, following = rotated(session, presented, now, self.refresh_ttl)
            if self.sessions.rotate(session, changed):
                return following
            session = self._living(presented)
        verdict = judge(session, presented, now)
        if verdict is Verdict.REPEATED:
            return next_token(presented, session.nonce)
        if verdict is Verdict.STOLEN:
            self.audit(Action.TOKEN_REUSED, presented.user_id, origin, outcome=Outcome.REFUSED)
        self.sessions.end(presented.user_id, presented.family)
        raise Unauthenticated(GONE, hint=HINT)

    def _living(self, presented: RefreshToken) -> Session:
        session = self.sessions.find(presented.user_id, presented.family)
        if session is None:
            raise Unauthenticated(GONE, hint=HINT)
        return session
