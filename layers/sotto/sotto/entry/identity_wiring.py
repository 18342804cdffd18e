"""Which adapter stands behind which port of the identity workflows. Made once a process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from sotto.adapters.argon2_passwords import Argon2Passwords
from sotto.adapters.dynamo_keys import DynamoKeys
from sotto.adapters.dynamo_sessions import DynamoSessions
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.adapters.ed25519_keys import jwk
from sotto.adapters.jwt_tokens import JwtSigner
from sotto.adapters.secrets_keyring import SecretsKeyring
from sotto.adapters.signing_key import CurrentKey
from sotto.entry import aws
from sotto.entry.settings import AuthSettings
from sotto.workflows.change_password import ChangePassword
from sotto.workflows.issue_tokens import IssueTokens
from sotto.workflows.refresh_session import RefreshSession
from sotto.workflows.sign_in import SignIn
from sotto.workflows.sign_out import SignOut


def now() -> datetime:
    return datetime.now(UTC)


@cache
def auth_settings() -> AuthSettings:
    return AuthSettings.from_environment()


def sign_in() -> SignIn:
    settings = auth_settings()
    return SignIn(_users(), _sessions(), _passwords(), _issue(), now, timedelta(seconds=settings.refresh_ttl_s))


def refresh_session() -> RefreshSession:
    settings = auth_settings()
    return RefreshSession(_users(), _sessions(), _issue(), now, timedelta(seconds=settings.refresh_ttl_s))


def sign_out() -> SignOut:
    return SignOut(_sessions(), now)


def change_password() -> ChangePassword:
    return ChangePassword(_users(), _sessions(), _passwords())


def public_keys() -> list[dict[str, str]]:
    """The JWKs that verify now. The signing key is published on the way, so a new service has one too."""
    _current_key()()
    return [jwk(x) for x in _keys().published(int(now().timestamp()))]


@cache
def _issue() -> IssueTokens:
    settings = auth_settings()
    signer = JwtSigner(settings.issuer, settings.audience, _current_key())
    return IssueTokens(signer, timedelta(seconds=settings.access_ttl_s))


@cache
def _current_key() -> CurrentKey:
    return CurrentKey(SecretsKeyring(aws.secretsmanager(), auth_settings().signing_secret), _keys())


@cache
def _keys() -> DynamoKeys:
    return DynamoKeys(aws.dynamodb(), auth_settings().table)


@cache
def _users() -> DynamoUsers:
    return DynamoUsers(aws.dynamodb(), auth_settings().table)


@cache
def _sessions() -> DynamoSessions:
    return DynamoSessions(aws.dynamodb(), auth_settings().table)


@cache
def _passwords() -> Argon2Passwords:
    return Argon2Passwords()
