"""Sign in and out, one's own account and its API keys, the ways to an account; and the public keys of the tokens."""

from aws_lambda_powertools.event_handler import Response

from sotto.domain.audit import Origin
from sotto.entry import identity_wiring as wiring
from sotto.entry.admission import admit
from sotto.entry.http import Api, answer, no_content
from sotto.entry.identity_shapes import (
    AccountAnswer,
    AccountRequest,
    ApiKeysAnswer,
    ApiKeyShape,
    BootstrapRequest,
    EmailRequest,
    KeyRequest,
    KeysAnswer,
    KeyShape,
    NewKeyAnswer,
    PasswordRequest,
    RefreshRequest,
    ResetRequest,
    SetupAnswer,
    SignInRequest,
    SignUpRequest,
    TokensAnswer,
    UserAnswer,
    UserShape,
)
from sotto.entry.settings import AccountSettings, AuthSettings
from sotto.entry.telemetry import make_logger

api = Api(make_logger("auth"), admit)
handler = api.handler


def origin() -> Origin:
    return api.origin(wiring.settings_of(AuthSettings).trusted_proxies)


@api.routes.post("/auth/sign-in")
def sign_in() -> Response[str]:
    """Exchange e-mail address and password for tokens."""
    request = api.body(SignInRequest)
    return answer(TokensAnswer.of(wiring.sign_in()(request.email, request.password, origin())))


@api.routes.post("/auth/refresh")
def refresh() -> Response[str]:
    """Exchange a refresh token for the next pair."""
    return answer(TokensAnswer.of(wiring.refresh_session()(api.body(RefreshRequest).refresh_token, origin())))


@api.routes.post("/auth/sign-out")
def sign_out() -> Response[str]:
    """End the session of a refresh token."""
    wiring.sign_out()(api.body(RefreshRequest).refresh_token)
    return no_content()


@api.routes.post("/auth/sign-out-everywhere")
def sign_out_everywhere() -> Response[str]:
    """End every session of the caller."""
    wiring.sign_out_everywhere()(api.principal(), origin())
    return no_content()


@api.routes.post("/auth/password")
def change_password() -> Response[str]:
    """Change one's own password, which ends every session."""
    principal, request = api.principal(), api.body(PasswordRequest)
    wiring.change_password()(principal, request.old_password, request.new_password, origin())
    return no_content()


@api.routes.get("/auth/setup")
def setup() -> Response[str]:
    """Whether the service has had its first administrator, and who may have an account."""
    settings = wiring.settings_of(AccountSettings)  # not the secrets': this page says what is there while they are not
    return answer(SetupAnswer(bootstrapped=wiring.bootstrapped(), sign_up=settings.sign_up))


@api.routes.post("/auth/bootstrap")
def bootstrap() -> Response[str]:
    """Make the first administrator, once."""
    request = api.body(BootstrapRequest)
    user = wiring.bootstrap_admin()(request.one_time_password, request.email, request.password, origin())
    return answer(UserAnswer(user=UserShape.of(user)), status=201)


@api.routes.post("/auth/sign-up-request")
def ask_for_account() -> Response[str]:
    """Mail an invitation to whoever asks, where sign-up is open."""
    wiring.open_account(AuthSettings).ask(api.body(EmailRequest).email, origin())
    return no_content()


@api.routes.post("/auth/sign-up")
def sign_up() -> Response[str]:
    """Open the account that an invitation names."""
    request = api.body(SignUpRequest)
    user = wiring.open_account(AuthSettings).accept(request.invitation, request.password, origin())
    return answer(UserAnswer(user=UserShape.of(user)), status=201)


@api.routes.post("/auth/reset-request")
def ask_for_reset() -> Response[str]:
    """Mail a token for a new password. The answer is the same for every address."""
    wiring.reset_password().ask(api.body(EmailRequest).email, origin())
    return no_content()


@api.routes.post("/auth/reset")
def reset() -> Response[str]:
    """Set a new password with the token from the mail."""
    request = api.body(ResetRequest)
    wiring.reset_password().finish(request.token, request.new_password, origin())
    return no_content()


@api.routes.get("/auth/jwks")
def public_keys() -> Response[str]:
    """The public keys."""
    keys = [KeyShape(**key) for key in wiring.published_jwks()]
    return answer(KeysAnswer(keys=keys), headers={"Cache-Control": "public, max-age=300"})


@api.routes.get("/account")
def account() -> Response[str]:
    """The caller's own account, what it uses and how much it may."""
    owner = api.principal().user_id
    return answer(AccountAnswer.of(wiring.account_of(owner), wiring.keep_quotas().use(owner)))


@api.routes.patch("/account")
def change_account() -> Response[str]:
    """Change what one wishes of the service."""
    user_id, wished = api.principal().user_id, api.body(AccountRequest)
    return answer(UserAnswer(user=UserShape.of(wiring.change_account(user_id, job_mails=wished.job_mails))))


@api.routes.get("/keys")
def list_keys() -> Response[str]:
    """The caller's API keys, without their secrets."""
    return answer(ApiKeysAnswer(keys=[ApiKeyShape.of(key) for key in wiring.manage_keys().of(api.principal())]))


@api.routes.post("/keys")
def create_key() -> Response[str]:
    """Make an API key; its text is in this answer and nowhere else."""
    principal, request = api.principal(), api.body(KeyRequest)
    key, text = wiring.manage_keys().create(
        principal, request.name, frozenset(request.scopes), request.expires_in_days, origin()
    )
    return answer(NewKeyAnswer(key=ApiKeyShape.of(key), secret=str(text)), status=201)


@api.routes.delete("/keys/<key_id>")
def revoke_key(key_id: str) -> Response[str]:
    """Revoke an API key."""
    wiring.manage_keys().revoke(api.principal(), key_id, origin())
    return no_content()
