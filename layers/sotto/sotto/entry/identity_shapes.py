"""The bodies of the /auth routes, as the API shows them. Fields that hold a secret never show in a repr or an error."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sotto.workflows.issue_tokens import SignedIn

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
