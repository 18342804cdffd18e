"""Which service a command talks to, and as whom.

    --service URL            that service, with the session that `sotto login` stored for it
    a stack on this machine  when `sotto up` runs: signs in with the credentials file that `sotto up` wrote, so a
                             laptop needs no login; the file is readable by its owner only
    the last login           otherwise

A running local stack comes before a stored login on purpose: a recording that was meant for this machine must not
leave it by surprise. Commands say which service they use.

Sessions lie in ~/.config/sotto/logins.json, mode 600: tokens, never passwords. A refresh token is good for one use, so
commands that run at once renew under a lock, and the second takes what the first has got.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sotto.cli.api import Api
from sotto.domain.errors import InvalidInput, Unauthenticated

FOLDER = Path(".config") / "sotto"
LOGINS = "logins.json"
LOCAL = "local.json"


@dataclass(frozen=True)
class Login:
    """A session at one service. `service` is its address without /v1."""

    service: str
    email: str
    refresh_token: str
    access_token: str


@dataclass(frozen=True)
class LocalStack:
    """What `sotto up` tells about itself."""

    service: str
    email: str
    password: str


def folder() -> Path:
    return Path.home() / FOLDER


def connect(service: str | None) -> Api:
    """An API that is ready to be called as somebody. Raises Unauthenticated when there is nobody to be."""
    wanted = address(service) if service else None
    local = local_stack()
    if local is not None and wanted in (None, local.service):
        return _connect_local(local)
    login = find_login(wanted)
    if login is None:
        raise Unauthenticated(
            f"expected a session{f' at {wanted}' if wanted else ''}, found none",
            hint="Sign in with `sotto login`, or start a service on this machine with `sotto up --detach`.",
        )
    return _connect_login(login)


def address(service: str) -> str:
    """The service's address as we store it: no slash at the end, no /v1."""
    if not service.startswith(("http://", "https://")):
        raise InvalidInput("--service", expected="an address with http:// or https://", found=service)
    return service.rstrip("/").removesuffix("/v1")


def sign_in(api: Api, email: str, password: str) -> dict[str, Any]:
    """The answer of POST /auth/sign-in; the API uses its access token from now on."""
    answer = dict(api.post("/auth/sign-in", {"email": email, "password": password}))
    api.token = str(answer["access_token"])
    return answer


def _connect_local(local: LocalStack) -> Api:
    api = Api(f"{local.service}/v1")
    sign_in(api, local.email, local.password)
    return api


def _connect_login(login: Login) -> Api:
    api = Api(f"{login.service}/v1", token=login.access_token, renew=lambda: renewed(login.service, api.token))
    return api


def renewed(service: str, refused: str | None) -> str | None:
    """An access token in place of the `refused` one. Raises Unauthenticated when the session has ended."""
    with _locked():
        login = find_login(service)
        if login is None:
            return None
        if login.access_token != refused:  # another command was faster
            return login.access_token
        renewing = Api(f"{service}/v1")
        try:
            answer = renewing.post("/auth/refresh", {"refresh_token": login.refresh_token})
        except Unauthenticated:
            forget_login(service)
            raise
        finally:
            renewing.close()
        fresh = replace(login, refresh_token=answer["refresh_token"], access_token=answer["access_token"])
        store_login(fresh)
        return fresh.access_token


@contextmanager
def _locked() -> Iterator[None]:
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def local_stack() -> LocalStack | None:
    """The stack that runs on this machine, if one does and its files can be read."""
    try:
        status = json.loads(Path(_read(LOCAL)["status_file"]).read_text())
        os.kill(int(status["pid"]), 0)  # a crash leaves the file
        credentials = json.loads(Path(status["credentials_file"]).read_text())
        return LocalStack(str(status["web_url"]), str(credentials["email"]), str(credentials["password"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_login(service: str | None) -> Login | None:
    """The stored session at `service`, or the latest one."""
    logins = [Login(**entry) for entry in _read(LOGINS).get("logins", [])]
    matching = [login for login in logins if service in (None, login.service)]
    return matching[-1] if matching else None


def store_login(login: Login) -> None:
    """Remember the session as the latest; a service has one."""
    _change(lambda others: [*others, asdict(login)], login.service)


def forget_login(service: str) -> None:
    _change(lambda others: others, service)


def _change(after: Callable[[list[dict[str, str]]], list[dict[str, str]]], service: str) -> None:
    others = [entry for entry in _read(LOGINS).get("logins", []) if entry["service"] != service]
    path = folder() / LOGINS
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"logins": after(others)}, file, indent=1)
    partial.replace(path)


def _read(name: str) -> dict[str, Any]:
    try:
        return dict(json.loads((folder() / name).read_text()))
    except (OSError, ValueError):
        return {}
