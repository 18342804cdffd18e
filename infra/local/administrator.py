"""The first administrator of a local stack: a random password in a file that only its owner may read.

The account is made by the same workflow and adapters as everywhere; only the door is missing, since nobody can call
the API before there is somebody. Whether the file still fits the table is asked of the API itself, by signing in.
"""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from http import HTTPStatus

from infra.local.emulator import Aws
from infra.local.errors import StackError
from infra.local.places import Places
from infra.local.status import write_private

EMAIL = "admin@sotto.localhost"
PASSWORD_BYTES = 18


def ensure_administrator(places: Places, aws: Aws, table: str, api_url: str) -> str:
    """Sign in as the stored administrator, who is made (again) if that fails. Returns an access token."""
    known = read_credentials(places)
    token = sign_in(api_url, *known) if known else None
    if token is None:
        known = known or (EMAIL, secrets.token_urlsafe(PASSWORD_BYTES))
        _create(aws, table, *known)
        content = {"email": known[0], "password": known[1]}
        write_private(places.credentials, json.dumps(content, indent=1) + "\n")
        token = sign_in(api_url, *known)
    if token is None:
        raise StackError("sign-in: expected the administrator that was just made to be let in, found a refusal")
    return token


def read_credentials(places: Places) -> tuple[str, str] | None:
    try:
        content = json.loads(places.credentials.read_text())
        return str(content["email"]), str(content["password"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _create(aws: Aws, table: str, email: str, password: str) -> None:
    from sotto.adapters.argon2_passwords import Argon2Passwords  # only a new stack pays for these imports
    from sotto.adapters.dynamo_users import DynamoUsers
    from sotto.workflows.create_admin import create_admin

    create_admin(DynamoUsers(aws("dynamodb"), table), Argon2Passwords(), email, password)


def sign_in(api_url: str, email: str, password: str) -> str | None:
    """An access token, or None when the pair is refused."""
    body = json.dumps({"email": email, "password": password}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own http URL
        f"{api_url}/auth/sign-in", data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return str(json.load(answer)["access_token"])
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.UNAUTHORIZED:
            return None
        raise StackError(f"sign-in: expected status 200, found {error.code}; the emulator's log says why") from error
    except OSError as error:
        raise StackError(f"sign-in: expected an answer from {api_url}, found {type(error).__name__}") from error
