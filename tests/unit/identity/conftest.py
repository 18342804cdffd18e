"""The identity workflows wired to fakes: a small service in memory, with one account in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import pytest

from sotto.domain.audit import Action, Origin
from sotto.domain.identity import ROLE_SCOPES, Principal, Role, User
from sotto.workflows.bootstrap_admin import BootstrapAdmin
from sotto.workflows.change_password import ChangePassword
from sotto.workflows.issue_tokens import IssueTokens
from sotto.workflows.manage_keys import ManageKeys
from sotto.workflows.manage_users import ManageUsers
from sotto.workflows.open_account import OpenAccount
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.refresh_session import RefreshSession
from sotto.workflows.reset_password import ResetPassword
from sotto.workflows.sign_in import SignIn
from sotto.workflows.sign_out import SignOut, SignOutEverywhere
from sotto.workflows.throttle_tries import ThrottleTries
from tests.fakes.identity import (
    FakeAccessTokens,
    FakeApiKeys,
    FakeAudit,
    FakeClock,
    FakeInvitations,
    FakeMailer,
    FakePasswords,
    FakeResets,
    FakeSessions,
    FakeTries,
    FakeUsers,
)

EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"
ONE_TIME = "drawn by CloudFormation"
WEB = "https://sotto.example.org"
REFRESH_TTL = timedelta(days=30)
HOME = Origin("192.0.2.1", "request-1")
ADA = Principal("01ADA", Role.USER, ROLE_SCOPES[Role.USER], "token")
ROOT = Principal("01ROOT", Role.ADMIN, ROLE_SCOPES[Role.ADMIN], "token")


@dataclass
class Service:
    invitations: FakeInvitations = field(default_factory=FakeInvitations)
    users: FakeUsers = field(init=False)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    passwords: FakePasswords = field(default_factory=FakePasswords)
    tokens: FakeAccessTokens = field(default_factory=FakeAccessTokens)
    keys: FakeApiKeys = field(default_factory=FakeApiKeys)
    resets: FakeResets = field(default_factory=FakeResets)
    tries: FakeTries = field(default_factory=FakeTries)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    log: FakeAudit = field(default_factory=FakeAudit)
    clock: FakeClock = field(default_factory=FakeClock)
    deleted_jobs_of: list[str] = field(default_factory=list)
    open_to_all: bool = False

    def __post_init__(self) -> None:
        self.users = FakeUsers(self.invitations)
        self._ids = count(1)

    def new_id(self) -> str:
        return f"{next(self._ids):04}"

    @property
    def issue(self) -> IssueTokens:
        return IssueTokens(self.tokens, timedelta(seconds=900))

    @property
    def throttle(self) -> ThrottleTries:
        return ThrottleTries(self.tries, self.clock)

    @property
    def audit(self) -> RecordAudit:
        return RecordAudit(self.log, self.clock, self.new_id)

    @property
    def sign_in(self) -> SignIn:
        return SignIn(
            self.users, self.sessions, self.passwords, self.issue, self.throttle, self.audit, self.clock, REFRESH_TTL
        )

    @property
    def refresh(self) -> RefreshSession:
        return RefreshSession(self.users, self.sessions, self.issue, self.audit, self.clock, REFRESH_TTL)

    @property
    def sign_out(self) -> SignOut:
        return SignOut(self.sessions, self.clock)

    @property
    def sign_out_everywhere(self) -> SignOutEverywhere:
        return SignOutEverywhere(self.sessions, self.audit)

    @property
    def change_password(self) -> ChangePassword:
        return ChangePassword(self.users, self.sessions, self.passwords, self.throttle, self.audit)

    @property
    def manage_keys(self) -> ManageKeys:
        return ManageKeys(self.keys, self.audit, self.clock)

    @property
    def manage_users(self) -> ManageUsers:
        return ManageUsers(self.users, self.sessions, self.keys, self.deleted_jobs_of.append, self.audit)

    @property
    def open_account(self) -> OpenAccount:
        return OpenAccount(
            self.users,
            self.invitations,
            self.passwords,
            self.mailer,
            self.throttle,
            self.audit,
            self.clock,
            self.new_id,
            WEB,
            self.open_to_all,
        )

    @property
    def reset_password(self) -> ResetPassword:
        return ResetPassword(
            self.users,
            self.resets,
            self.sessions,
            self.passwords,
            self.mailer,
            self.throttle,
            self.audit,
            self.clock,
            WEB,
        )

    @property
    def bootstrap(self) -> BootstrapAdmin:
        return BootstrapAdmin(
            self.users, self.passwords, lambda: ONE_TIME, self.throttle, self.audit, self.clock, self.new_id
        )

    def mailed_token(self) -> str:
        """The token in the latest mail."""
        found = re.search(r"=((?:iv|pw)_\S+)", self.mailer.sent[-1].text)
        assert found
        return found[1]

    def actions(self) -> list[Action]:
        return [entry.action for entry in self.log.entries]


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
