"""End a session: its refresh token and its access tokens stop working (the latter within the authorizer's delay)."""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.errors import Unauthenticated
from sotto.domain.tokens import Verdict, judge, parse_refresh_token
from sotto.workflows.identity_ports import Clock, Sessions


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
