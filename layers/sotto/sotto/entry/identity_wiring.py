"""Which adapter stands behind which port of the identity workflows. Adapters are made once a process."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TypeVar

from ulid import ULID

from sotto.adapters.argon2_passwords import Argon2Passwords
from sotto.adapters.aws_errors import translated
from sotto.adapters.dynamo_api_keys import DynamoApiKeys
from sotto.adapters.dynamo_audit import DynamoAudit
from sotto.adapters.dynamo_keys import DynamoKeys
from sotto.adapters.dynamo_limits import DynamoTries
from sotto.adapters.dynamo_one_time import DynamoInvitations, DynamoResets
from sotto.adapters.dynamo_sessions import DynamoSessions
from sotto.adapters.dynamo_usage import DynamoUsage
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.adapters.ed25519_keys import jwk, private_key, public_x
from sotto.adapters.jwt_tokens import JwtSigner
from sotto.adapters.secrets_keyring import SecretsKeyring
from sotto.adapters.signing_key import CurrentKey
from sotto.domain.drops import PREFIX as DROPBOX
from sotto.domain.errors import NotFound, StorageUnavailable
from sotto.domain.identity import User
from sotto.entry import aws
from sotto.entry.mail_wiring import mailer
from sotto.entry.settings import AccountSettings, AdminSettings, AuthSettings, RotateKeysSettings, Settings
from sotto.workflows.bootstrap_admin import BootstrapAdmin
from sotto.workflows.change_password import ChangePassword
from sotto.workflows.issue_tokens import IssueTokens
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.manage_keys import ManageKeys
from sotto.workflows.manage_users import ManageUsers
from sotto.workflows.open_account import OpenAccount
from sotto.workflows.quota_ports import Usage
from sotto.workflows.read_audit import ReadAudit
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.refresh_session import RefreshSession
from sotto.workflows.reset_password import ResetPassword
from sotto.workflows.rotate_keys import RotateKeys
from sotto.workflows.sign_in import SignIn
from sotto.workflows.sign_out import SignOut, SignOutEverywhere
from sotto.workflows.throttle_tries import ThrottleTries

S = TypeVar("S", bound=Settings)


@cache
def settings_of(kind: type[S]) -> S:
    """This process's settings, read once."""
    return kind.from_environment()


class Identity:
    """The identity room over one table: adapters as attributes, workflows as methods."""

    def __init__(self, table: str, audit_days: int) -> None:
        client = aws.dynamodb()
        self.table = table
        self.users, self.sessions = DynamoUsers(client, table), DynamoSessions(client, table)
        self.api_keys, self.public_keys = DynamoApiKeys(client, table), DynamoKeys(client, table)
        self.invitations, self.resets = DynamoInvitations(client, table), DynamoResets(client, table)
        self.audit_log = DynamoAudit(client, table, audit_days)
        self.throttle = ThrottleTries(DynamoTries(client, table), now)
        self.audit = RecordAudit(self.audit_log, now, new_id)
        self.passwords = Argon2Passwords()


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(ULID())


def sign_in() -> SignIn:
    room, life = _auth(), timedelta(seconds=settings_of(AuthSettings).refresh_ttl_s)
    return SignIn(room.users, room.sessions, room.passwords, _issue(), room.throttle, room.audit, now, life)


def refresh_session() -> RefreshSession:
    room, life = _auth(), timedelta(seconds=settings_of(AuthSettings).refresh_ttl_s)
    return RefreshSession(room.users, room.sessions, _issue(), room.audit, now, life)


def sign_out() -> SignOut:
    return SignOut(_auth().sessions, now)


def change_password() -> ChangePassword:
    room = _auth()
    return ChangePassword(room.users, room.sessions, room.passwords, room.throttle, room.audit)


def reset_password() -> ResetPassword:
    room, settings = _auth(), settings_of(AuthSettings)
    return ResetPassword(
        room.users,
        room.resets,
        room.sessions,
        room.passwords,
        mailer(settings),
        room.throttle,
        room.audit,
        now,
        settings.web_url,
    )


def open_account(kind: type[AccountSettings]) -> OpenAccount:
    settings = settings_of(kind)
    room = _room(settings.table, settings.audit_days)
    return OpenAccount(
        room.users,
        room.invitations,
        room.passwords,
        mailer(settings),
        room.throttle,
        room.audit,
        now,
        new_id,
        settings.web_url,
        open_to_all=settings.sign_up == "open",
    )


def bootstrap_admin() -> BootstrapAdmin:
    room = _auth()
    return BootstrapAdmin(room.users, room.passwords, _one_time_password, room.throttle, room.audit, now, new_id)


def manage_keys() -> ManageKeys:
    return ManageKeys(_auth().api_keys, _auth().audit, now)


def sign_out_everywhere() -> SignOutEverywhere:
    return SignOutEverywhere(_auth().sessions, _auth().audit)


def keep_quotas() -> KeepQuotas:
    settings = settings_of(AuthSettings)
    return KeepQuotas(DynamoUsage(aws.dynamodb(), settings.table), settings.quotas, now)


def account_of(user_id: str) -> User:
    """Raises NotFound."""
    user = _auth().users.by_id(user_id)
    if user is None:
        raise NotFound("account: expected yours, found none")
    return user


def change_account(user_id: str, *, job_mails: bool | None) -> User:
    """Raises NotFound."""
    return _auth().users.change(user_id, job_mails=job_mails)


def bootstrapped() -> bool:
    settings = settings_of(AccountSettings)
    return _room(settings.table, settings.audit_days).users.bootstrapped()


def manage_users() -> ManageUsers:
    settings = settings_of(AdminSettings)
    room = _room(settings.table, settings.audit_days)
    return ManageUsers(room.users, room.sessions, room.api_keys, partial(_delete_all_jobs, settings), room.audit)


def usage() -> Usage:
    return DynamoUsage(aws.dynamodb(), settings_of(AdminSettings).table)


def read_audit() -> ReadAudit:
    settings = settings_of(AdminSettings)
    room = _room(settings.table, settings.audit_days)
    return ReadAudit(room.audit_log, room.audit)


def record_audit() -> RecordAudit:
    settings = settings_of(AdminSettings)
    return _room(settings.table, settings.audit_days).audit


def rotate_keys() -> RotateKeys:
    settings = settings_of(RotateKeysSettings)
    room = _room(settings.table, settings.audit_days)
    keyring = SecretsKeyring(aws.secretsmanager(), settings.signing_secret)
    return RotateKeys(keyring, room.public_keys, public_of, room.audit, now, settings.access_ttl_s)


def published_jwks() -> list[dict[str, str]]:
    """The JWKs that verify now. The signing key is published on the way, so a new service has one too."""
    _current_key()()
    return [jwk(x) for x in _auth().public_keys.published(int(now().timestamp()))]


def public_of(seed: str) -> str:
    return public_x(private_key(seed))


@cache
def _room(table: str, audit_days: int) -> Identity:
    return Identity(table, audit_days)


def _auth() -> Identity:
    settings = settings_of(AuthSettings)
    return _room(settings.table, settings.audit_days)


@cache
def _issue() -> IssueTokens:
    settings = settings_of(AuthSettings)
    signer = JwtSigner(settings.issuer, settings.audience, _current_key())
    return IssueTokens(signer, timedelta(seconds=settings.access_ttl_s))


@cache
def _current_key() -> CurrentKey:
    keyring = SecretsKeyring(aws.secretsmanager(), settings_of(AuthSettings).signing_secret)
    return CurrentKey(keyring, _auth().public_keys)


def _one_time_password() -> str:
    secret = settings_of(AuthSettings).bootstrap_secret
    with translated(StorageUnavailable, "bootstrap secret"):
        text = aws.secretsmanager().get_secret_value(SecretId=secret)["SecretString"]
    return str(json.loads(text)["password"])


def _delete_all_jobs(settings: AdminSettings, owner: str) -> None:
    """Page by page until nothing is left."""
    from sotto.adapters.dynamo_jobs import DynamoJobs
    from sotto.entry.receipt_wiring import delete_job

    jobs, delete = DynamoJobs(aws.dynamodb(), settings.table), delete_job(settings)
    delete.objects.delete_prefix(f"{DROPBOX}{owner}/")  # what is dropped there would become a job again
    while page := jobs.newest(owner, limit=100):
        for job in page:
            delete(owner, job.id)
    delete.objects.delete_prefix(f"{DROPBOX}{owner}/")  # a job that ended meanwhile may have been answered
