"""Which service a command talks to, and as whom.

    --service URL            that service, with the session that `sotto login` stored for it
    a stack on this machine  when `sotto up` runs: signs in with the credentials file that `sotto up` wrote, so a
                             laptop needs no login; the file is readable by its owner only
    the last login           otherwise

With `--key` or SOTTO_API_KEY the service is found in the same order, and called with that key.

A running local stack comes before a stored login on purpose: a recording that was meant for this machine must not
leave it by surprise. Commands say which service they use.

Sessions lie in ~/.config/sotto/logins.json, mode 600: tokens and keys, never passwords. A refresh token is good for one
use, so commands that run at once renew under a lock, and the second takes what the first has got.
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

from sotto.client import Sotto, accounts
from sotto.client import errors as answered
from sotto.client.flow import Flow
from sotto.domain.errors import InvalidInput

FOLDER = Path(".config") / "sotto"
LOGINS = "logins.json"
LOCAL = "local.json"
KEY_VARIABLE = "SOTTO_API_KEY"


@dataclass(frozen=True)
class Login:
    """A session at one service, or an API key for it. `service` is its address without /v1."""

    service: str
    email: str = ""
    refresh_token: str = ""
    access_token: str = ""
    key: str = ""


@dataclass(frozen=True)
class LocalStack:
    """What `sotto up` tells about itself."""

    service: str
    email: str
    password: str


def folder() -> Path:
    return Path.home() / FOLDER


def connect(service: str | None, key: str | None = None) -> Sotto:
    """A client that calls as somebody. Raises Unauthenticated when there is nobody to be."""
    wanted = address(service) if service else None
    key = key or os.environ.get(KEY_VARIABLE)
    local = local_stack()
    if local is not None and wanted in (None, local.service):
        return (
            Sotto(local.service, key=key) if key else Sotto(local.service, email=local.email, password=local.password)
        )
    login = find_login(wanted)
    if key and (where := wanted or (login.service if login else None)):
        return Sotto(where, key=key)
    if login is None:
        raise answered.Unauthenticated(
            f"expected a session{f' at {wanted}' if wanted else ''}, found none",
            hint="Sign in with `sotto login`, or start a service on this machine with `sotto up --detach`.",
        )
    return Sotto(login.service, key=login.key) if login.key else Sotto(login.service, identity=StoredLogin(login))


def address(service: str) -> str:
    """The service's address as we store it: no slash at the end, no /v1."""
    if not service.startswith(("http://", "https://")):
        raise InvalidInput("--service", expected="an address with http:// or https://", found=service)
    return service.rstrip("/").removesuffix("/v1")


class StoredLogin:
    """Calls as whoever has signed in, and keeps the stored session alive."""

    def __init__(self, login: Login) -> None:
        self._service = login.service
        self.token: str | None = login.access_token

    def renew(self) -> Flow[bool]:
        with _locked():
            login = find_login(self._service)
            if login is None:
                return False
            if login.access_token != self.token:  # another command was faster
                self.token = login.access_token
                return True
            try:
                tokens = yield from accounts.refresh(login.refresh_token)
            except answered.Unauthenticated:
                forget_login(self._service)
                raise
            store_login(replace(login, refresh_token=tokens.refresh_token, access_token=tokens.access_token))
            self.token = tokens.access_token
            return True


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
