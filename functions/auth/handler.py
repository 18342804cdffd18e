"""Sign in, stay signed in, sign out, change the password; and the public keys that tokens are checked with."""

from aws_lambda_powertools.event_handler import Response

from sotto.entry import identity_wiring as wiring
from sotto.entry.http import Api, answer, no_content
from sotto.entry.identity_shapes import (
    KeysAnswer,
    KeyShape,
    PasswordRequest,
    RefreshRequest,
    SignInRequest,
    TokensAnswer,
)
from sotto.entry.telemetry import make_logger

api = Api(make_logger("auth"))
handler = api.handler


@api.routes.post("/auth/sign-in")
def sign_in() -> Response[str]:
    """Exchange e-mail address and password for tokens."""
    request = api.body(SignInRequest)
    return answer(TokensAnswer.of(wiring.sign_in()(request.email, request.password)))


@api.routes.post("/auth/refresh")
def refresh() -> Response[str]:
    """Exchange a refresh token for the next pair."""
    return answer(TokensAnswer.of(wiring.refresh_session()(api.body(RefreshRequest).refresh_token)))


@api.routes.post("/auth/sign-out")
def sign_out() -> Response[str]:
    """End the session of a refresh token."""
    wiring.sign_out()(api.body(RefreshRequest).refresh_token)
    return no_content()


@api.routes.post("/auth/password")
def change_password() -> Response[str]:
    """Change one's own password, which ends every session."""
    principal, request = api.principal(), api.body(PasswordRequest)
    wiring.change_password()(principal, request.old_password, request.new_password)
    return no_content()


@api.routes.get("/auth/jwks")
def keys() -> Response[str]:
    """The public keys."""
    return answer(
        KeysAnswer(keys=[KeyShape(**key) for key in wiring.public_keys()]),
        headers={"Cache-Control": "public, max-age=300"},
    )
