"""The bodies of the account routes. Fields that hold a secret never show in a repr or an error."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sotto.domain.api_keys import ApiKey
from sotto.domain.audit import Action, AuditEntry, Outcome
from sotto.domain.identity import Role, Scope, User
from sotto.domain.quotas import Use
from sotto.workflows.issue_tokens import SignedIn
from sotto.workflows.moments import iso

MAX_QUOTA = 2**53  # what a JSON number holds exactly everywhere
MAX_SECRET = 4096  # the caller learns what is wrong with an over-long password from the workflow


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SignInRequest(_Request):
    email: str = Field(max_length=320)
    password: str = Field(max_length=MAX_SECRET, repr=False)


class RefreshRequest(_Request):
    refresh_token: str = Field(max_length=MAX_SECRET, repr=False)


class PasswordRequest(_Request):
    old_password: str = Field(max_length=MAX_SECRET, repr=False)
    new_password: str = Field(max_length=MAX_SECRET, repr=False)


class EmailRequest(_Request):
    email: str = Field(max_length=320)


class SignUpRequest(_Request):
    invitation: str = Field(max_length=MAX_SECRET, repr=False)
    password: str = Field(max_length=MAX_SECRET, repr=False)


class ResetRequest(_Request):
    token: str = Field(max_length=MAX_SECRET, repr=False)
    new_password: str = Field(max_length=MAX_SECRET, repr=False)


class BootstrapRequest(_Request):
    one_time_password: str = Field(max_length=MAX_SECRET, repr=False)
    email: str = Field(max_length=320)
    password: str = Field(max_length=MAX_SECRET, repr=False)


class SetupAnswer(BaseModel):
    """What the web app's first page needs to know."""

    bootstrapped: bool
    sign_up: Literal["invitation", "open"]


class TokensAnswer(BaseModel):
    """`expires_in` is in seconds (RFC 6749, 5.1)."""

    access_token: str = Field(repr=False)
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    refresh_token: str = Field(repr=False)
    must_change_password: bool

    @classmethod
    def of(cls, signed_in: SignedIn) -> TokensAnswer:
        return cls(
            access_token=signed_in.access_token,
            expires_in=signed_in.expires_in_s,
            refresh_token=signed_in.refresh_token,
            must_change_password=signed_in.user.must_change_password,
        )


class OwnQuotasShape(BaseModel):
    """Limits of one user alone: null leaves the one that all have, 0 takes it away."""

    minutes_a_month: int | None
    concurrent_jobs: int | None
    stored_bytes: int | None


class UserShape(BaseModel):
    id: str
    email: str
    role: Role
    created_at: str
    must_change_password: bool
    disabled: bool
    job_mails: bool
    quotas: OwnQuotasShape

    @classmethod
    def of(cls, user: User) -> UserShape:
        return cls(
            id=user.id,
            email=user.email,
            role=user.role,
            created_at=user.created_at,
            must_change_password=user.must_change_password,
            disabled=user.disabled,
            job_mails=user.job_mails,
            quotas=OwnQuotasShape(**asdict(user.quotas)),
        )


class UserAnswer(BaseModel):
    user: UserShape


class LimitsShape(BaseModel):
    """The limits that count; 0 is no limit."""

    minutes_a_month: int
    concurrent_jobs: int
    stored_bytes: int
    engine_s_a_month: int


class UseShape(BaseModel):
    """`month` as 2026-11 (UTC); `minutes` of audio in it, to the hundredth; what is held now."""

    month: str
    minutes: float
    unfinished_jobs: int
    stored_bytes: int


class AccountAnswer(BaseModel):
    """One's own account: what is used, and how much may be."""

    user: UserShape
    use: UseShape
    limits: LimitsShape

    @classmethod
    def of(cls, user: User, use: Use) -> AccountAnswer:
        return cls(
            user=UserShape.of(user),
            use=UseShape(
                month=use.month,
                minutes=round(use.seconds / 60, 2),
                unfinished_jobs=use.held.unfinished_jobs,
                stored_bytes=use.held.stored_bytes,
            ),
            limits=LimitsShape(**asdict(use.limits)),
        )


class UsersAnswer(BaseModel):
    users: list[UserShape]
    next_cursor: str | None


class PageQuery(_Request):
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=200)


class AuditQuery(PageQuery):
    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="UTC day, such as 2026-11-22")


class InvitationRequest(_Request):
    email: str = Field(max_length=320)
    role: Role = Role.USER


class OwnQuotasRequest(_Request):
    """What is named is set; null goes back to the limit that all have, 0 takes the limit away."""

    minutes_a_month: int | None = Field(default=None, ge=0, le=MAX_QUOTA)
    concurrent_jobs: int | None = Field(default=None, ge=0, le=MAX_QUOTA)
    stored_bytes: int | None = Field(default=None, ge=0, le=MAX_QUOTA)


class UserChangeRequest(_Request):
    role: Role | None = None
    disabled: bool | None = None
    quotas: OwnQuotasRequest | None = None


class AccountRequest(_Request):
    """`job_mails`: mail me when a job of mine is completed or has failed."""

    job_mails: bool | None = None


class KeyRequest(_Request):
    name: str
    scopes: list[Scope] = Field(min_length=1)
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)


class ApiKeyShape(BaseModel):
    """A key without its secret. `expires_at` null means never."""

    id: str
    prefix: str
    name: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None
    last_used_at: str | None

    @classmethod
    def of(cls, key: ApiKey) -> ApiKeyShape:
        ends = iso(datetime.fromtimestamp(key.expires_at, UTC)) if key.expires_at else None
        return cls(
            id=key.id,
            prefix=key.prefix,
            name=key.name,
            scopes=sorted(key.scopes),
            created_at=key.created_at,
            expires_at=ends,
            last_used_at=key.last_used_at,
        )


class NewKeyAnswer(BaseModel):
    """The only answer that ever holds the key's text."""

    key: ApiKeyShape
    secret: str = Field(repr=False)


class ApiKeysAnswer(BaseModel):
    keys: list[ApiKeyShape]


class AuditEntryShape(BaseModel):
    id: str
    at: str
    who: str
    credential: str
    action: Action
    object: str
    outcome: Outcome
    address: str
    request_id: str
    detail: str

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditEntryShape:
        return cls(**asdict(entry))


class AuditAnswer(BaseModel):
    entries: list[AuditEntryShape]
    next_cursor: str | None


class KeyShape(BaseModel):
    """A public key (RFC 7517, RFC 8037)."""

    kty: str
    crv: str
    use: str
    alg: str
    kid: str
    x: str


class KeysAnswer(BaseModel):
    keys: list[KeyShape]
