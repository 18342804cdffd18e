"""The identity workflows wired to fakes: a small service in memory, with one account in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from sotto.domain.identity import Role, User
from sotto.workflows.change_password import ChangePassword
from sotto.workflows.issue_tokens import IssueTokens
from sotto.workflows.refresh_session import RefreshSession
from sotto.workflows.sign_in import SignIn
from sotto.workflows.sign_out import SignOut
from tests.fakes.identity import FakeAccessTokens, FakeClock, FakePasswords, FakeSessions, FakeUsers

EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"
REFRESH_TTL = timedelta(days=30)


@dataclass
class Service:
    users: FakeUsers = field(default_factory=FakeUsers)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    passwords: FakePasswords = field(default_factory=FakePasswords)
    tokens: FakeAccessTokens = field(default_factory=FakeAccessTokens)
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def issue(self) -> IssueTokens:
        return IssueTokens(self.tokens, timedelta(seconds=900))

    @property
    def sign_in(self) -> SignIn:
        return SignIn(self.users, self.sessions, self.passwords, self.issue, self.clock, REFRESH_TTL)

    @property
    def refresh(self) -> RefreshSession:
        return RefreshSession(self.users, self.sessions, self.issue, self.clock, REFRESH_TTL)

    @property
    def sign_out(self) -> SignOut:
        return SignOut(self.sessions, self.clock)

    @property
    def change_password(self) -> ChangePassword:
        return ChangePassword(self.users, self.sessions, self.passwords)


def ada(**changes: object) -> User:
    facts: dict[str, object] = {
        "id": "01ADA",
        "email": EMAIL,
        "role": Role.USER,
        "password_hash": f"hash of {PASSWORD}",
        "created_at": "2026-11-22T12:00:00.000Z",
        **changes,
    }
    return User(**facts)  # type: ignore[arg-type]


@pytest.fixture
def service() -> Service:
    made = Service()
    made.users.add(ada())
    return made
