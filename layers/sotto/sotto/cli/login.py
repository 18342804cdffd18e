"""`sotto login` and `sotto logout`: sessions at services elsewhere. A stack on this machine needs neither."""

from __future__ import annotations

import argparse
import getpass
import sys

from sotto.cli import session, terminal
from sotto.cli.api import Api
from sotto.cli.exits import Exit
from sotto.domain.errors import InvalidInput, SottoError


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    login = subparsers.add_parser("login", help="sign in to a service")
    login.add_argument("service", metavar="URL", help="address of the service, such as https://sotto.example.org")
    login.add_argument("--email", help="asked for when not given")
    login.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    login.set_defaults(run=sign_in)
    logout = subparsers.add_parser("logout", help="end the session at a service")
    logout.add_argument("service", metavar="URL")
    logout.set_defaults(run=sign_out)


def sign_in(given: argparse.Namespace) -> int:
    service = session.address(given.service)
    email = given.email or _ask("E-mail: ")
    password = sys.stdin.readline().rstrip("\n") if given.password_stdin else getpass.getpass("Password: ")
    if not password:
        raise InvalidInput("password", expected="a password", found="nothing")
    api = Api(f"{service}/v1")
    try:
        answer = session.sign_in(api, email, password)
        if answer["must_change_password"]:
            answer = _change_password(api, email, password, from_stdin=given.password_stdin)
    finally:
        api.close()
    session.store_login(session.Login(service, email, answer["refresh_token"], answer["access_token"]))
    terminal.messages().print(f"signed in to {service} as {email}")
    return Exit.OK


def _change_password(api: Api, email: str, password: str, *, from_stdin: bool) -> dict[str, str]:
    """The first sign-in with a password that somebody else knows. On standard input the new one is the second line."""
    terminal.messages().print("This password must be changed now.")
    fresh = sys.stdin.readline().rstrip("\n") if from_stdin else getpass.getpass("New password: ")
    if not from_stdin and fresh != getpass.getpass("New password again: "):
        raise InvalidInput("new password", expected="the same twice", found="two different ones")
    api.post("/auth/password", {"old_password": password, "new_password": fresh})
    return session.sign_in(api, email, fresh)


def sign_out(given: argparse.Namespace) -> int:
    service = session.address(given.service)
    login = session.find_login(service)
    if login is None:
        raise InvalidInput("URL", expected="a service with a session", found=service)
    api = Api(f"{service}/v1")
    try:
        api.post("/auth/sign-out", {"refresh_token": login.refresh_token})
    except SottoError as error:
        terminal.complain(error, "the service did not end the session")  # it is forgotten here in any case
    finally:
        api.close()
        session.forget_login(service)
    terminal.messages().print(f"signed out of {service}")
    return Exit.OK


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()
