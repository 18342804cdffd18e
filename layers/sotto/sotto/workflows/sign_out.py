"""End a session, or all of them: their tokens stop working, access tokens within the authorizer's delay."""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.audit import Action, Origin
from sotto.domain.errors import Unauthenticated
from sotto.domain.identity import Principal
from sotto.domain.tokens import Verdict, judge, parse_refresh_token
from sotto.workflows.identity_ports import Clock, Sessions
from sotto.workflows.record_audit import RecordAudit


@dataclass(frozen=True)
class SignOut:
    sessions: Sessions
    clock: Clock

    def __call__(self, text: str) -> None:
        """Always ends quietly: who signs out has nothing to learn from the answer.

        Any token of the family ends it, also an old one: that is what a reuse does anyway.
        """
        try:
            presented = parse_refresh_token(text)
        except Unauthenticated:
            return
        session = self.sessions.find(presented.user_id, presented.family)
        if session is not None and judge(session, presented, self.clock()) is not Verdict.EXPIRED:
            self.sessions.end(presented.user_id, presented.family)


@dataclass(frozen=True)
class SignOutEverywhere:
    sessions: Sessions
    audit: RecordAudit

    def __call__(self, principal: Principal, origin: Origin) -> None:
        """End every session of the caller, this one too. API keys go on: they are revoked one by one."""
        ended = self.sessions.end_all(principal.user_id)
        self.audit(Action.SIGN_OUT_EVERYWHERE, principal.user_id, origin, by=principal, detail=f"{ended} sessions")
