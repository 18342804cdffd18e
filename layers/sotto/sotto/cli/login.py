"""`sotto login` and `sotto logout`: sessions at services elsewhere. A stack on this machine needs neither."""

from __future__ import annotations

import argparse
import getpass
import sys
from contextlib import suppress

from sotto.cli import session, terminal
from sotto.cli.arguments import Subparsers
from sotto.cli.exits import Exit
from sotto.client import Forbidden, ServiceError, Sotto, accounts
from sotto.client.identity import Fixed
from sotto.domain.errors import InvalidInput

EXAMPLES = """examples:
  sotto login https://sotto.example.org --email you@example.org
  sotto login https://sotto.example.org --key-stdin < key.txt"""


def register(subparsers: Subparsers) -> None:
    login = subparsers.add_parser(
        "login",
        help="sign in to a service",
        description="Sign in to a service, with a password or with an API key.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    login.add_argument("service", metavar="URL", help="address of the service, such as https://sotto.example.org")
    login.add_argument("--email", help="asked for when not given")
    secret = login.add_mutually_exclusive_group()
    secret.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    secret.add_argument("--key-stdin", action="store_true", help="read an API key from standard input instead")
    login.set_defaults(run=sign_in)
    logout = subparsers.add_parser(
        "logout",
        help="end the session at a service",
        description="End the session at a service, and forget it here.",
        epilog="examples:\n  sotto logout https://sotto.example.org",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    logout.add_argument("service", metavar="URL")
    logout.set_defaults(run=sign_out)


def sign_in(given: argparse.Namespace) -> int:
    service = session.address(given.service)
    if given.key_stdin:
        return _keep_key(service, _said(sys.stdin.readline(), "an API key"))
    email = given.email or _ask("E-mail: ")
    password = sys.stdin.readline() if given.password_stdin else getpass.getpass("Password: ")
    password = _said(password, "a password")
    with Sotto(service) as client:
        tokens = client.sign_in(email, password)
        if tokens.must_change_password:
            tokens = _change_password(client, tokens, email, password, from_stdin=given.password_stdin)
    session.store_login(session.Login(service, email, tokens.refresh_token, tokens.access_token))
    terminal.messages().print(f"signed in to {service} as {email}")
    return Exit.OK


def _said(line: str, expected: str) -> str:
    said = line.rstrip("\n")
    if not said:
        raise InvalidInput("standard input", expected=expected, found="nothing")
    return said


def _keep_key(service: str, key: str) -> int:
    """Try the key before it is kept."""
    with Sotto(service, key=key) as client, suppress(Forbidden):  # a key that may do other things is one all the same
        client.list_models()
    session.store_login(session.Login(service, key=key))
    terminal.messages().print(f"signed in to {service} with an API key")
    return Exit.OK


def _change_password(
    client: Sotto, tokens: accounts.Tokens, email: str, password: str, *, from_stdin: bool
) -> accounts.Tokens:
    """The first sign-in with a password that somebody else knows. On standard input the new one is the second line."""
    terminal.messages().print("This password must be changed now.")
    fresh = sys.stdin.readline().rstrip("\n") if from_stdin else getpass.getpass("New password: ")
    if not from_stdin and fresh != getpass.getpass("New password again: "):
        raise InvalidInput("new password", expected="the same twice", found="two different ones")
    client.identity = Fixed(tokens.access_token)
    client.change_password(password, fresh)
    return client.sign_in(email, fresh)


def sign_out(given: argparse.Namespace) -> int:
    service = session.address(given.service)
    login = session.find_login(service)
    if login is None:
        raise InvalidInput("URL", expected="a service with a session", found=service)
    try:
        if login.refresh_token:
            with Sotto(service) as client:
                client.sign_out(login.refresh_token)
    except ServiceError as error:
        terminal.complain(error, "the service did not end the session")  # it is forgotten here in any case
    finally:
        session.forget_login(service)
    terminal.messages().print(f"signed out of {service}")
    return Exit.OK


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()
