"""`sotto admin ...`: accounts, their limits, invitations, the audit log."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from sotto.cli import arguments, dead_letters, reindex, terminal, usage
from sotto.cli.exits import Exit
from sotto.client.accounts import User
from sotto.client.administration import AuditEntry
from sotto.domain.errors import InvalidInput

ROLES = ("user", "operator", "admin")
QUOTAS = {"minutes": "minutes_a_month", "jobs": "concurrent_jobs", "bytes": "stored_bytes"}


def register(subparsers: arguments.Subparsers) -> None:
    commands = arguments.group(subparsers, "admin", "look after accounts; for operators and administrators")
    users = arguments.command(commands, "users", "accounts, oldest first", "admin users --limit 100 --json")
    users.set_defaults(run=list_users)
    audit = arguments.command(
        commands,
        "audit",
        "who did what on a day, newest first; looking is an entry itself",
        "admin audit --day 2026-11-22",
    )
    audit.add_argument("--day", default=f"{datetime.now(UTC):%Y-%m-%d}", metavar="DAY", help="UTC; default: today")
    audit.set_defaults(run=show_audit)
    for listing in (users, audit):
        arguments.add_limit(listing)
        arguments.add_json(listing)
    invite = arguments.command(commands, "invite", "mail an invitation", "admin invite ada@example.org --role operator")
    invite.add_argument("email", metavar="EMAIL")
    invite.add_argument("--role", choices=ROLES, default="user")
    invite.set_defaults(run=send_invitation)
    role = arguments.command(commands, "role", "change what an account may do", "admin role 01K... operator")
    role.set_defaults(run=lambda given: _change(given, role=given.role))
    disable = arguments.command(
        commands, "disable", "shut an account out within a minute; nothing of it is lost", "admin disable 01K..."
    )
    disable.set_defaults(run=lambda given: _change(given, disabled=True))
    enable = arguments.command(commands, "enable", "let a disabled account in again", "admin enable 01K...")
    enable.set_defaults(run=lambda given: _change(given, disabled=False))
    quotas = arguments.command(
        commands, "quotas", "give one account limits of its own", "admin quotas 01K... --minutes 600 --jobs default"
    )
    for name, key in QUOTAS.items():
        quotas.add_argument(f"--{name}", metavar="N", help=f"{key}: a number, 0 for no limit, or default")
    quotas.set_defaults(run=set_quotas)
    dead_letters.register(commands)
    reindex.register(commands)
    usage.register_admin(commands)
    sign_out = arguments.command(commands, "sign-out", "end every session of an account", "admin sign-out 01K...")
    sign_out.set_defaults(run=sign_user_out)
    delete = arguments.command(
        commands, "delete", "remove an account with all its recordings and transcripts, for good", "admin delete 01K..."
    )
    delete.set_defaults(run=delete_user)
    for one in (role, quotas, disable, enable, sign_out, delete):
        one.add_argument("id", metavar="ID")
    role.add_argument("role", choices=ROLES)


def list_users(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        page = arguments.first(client.list_users(), given.limit)
    arguments.print_page(given, "users", page, map(_line, page.items))
    return Exit.OK


def _line(user: User) -> str:
    state = "disabled" if user.disabled else "one-time password" if user.must_change_password else "active"
    return f"{user.id}  {user.role:<8}  {state:<17}  {user.created_at}  {user.email}"


def show_audit(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        page = arguments.first(client.read_audit(given.day), given.limit)
    arguments.print_page(given, "entries", page, map(_entry, page.items))
    return Exit.OK


def _entry(entry: AuditEntry) -> str:
    return f"{entry.at}  {entry.who}  {entry.action:<20}  {entry.outcome:<8}  {entry.object}  {entry.address}"


def send_invitation(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        client.invite(given.email, given.role)
    terminal.messages().print(f"invited {given.email} as {given.role}")
    return Exit.OK


def _change(given: argparse.Namespace, *, role: str | None = None, disabled: bool | None = None) -> int:
    with arguments.connect(given) as client:
        user = client.change_user(given.id, role=role, disabled=disabled)
    terminal.messages().print(_line(user))
    return Exit.OK


def set_quotas(given: argparse.Namespace) -> int:
    said = {key: getattr(given, name) for name, key in QUOTAS.items() if getattr(given, name) is not None}
    if not said or not all(value == "default" or value.isdecimal() for value in said.values()):
        raise InvalidInput("admin quotas", expected="numbers or default, for one limit or more", found=said)
    quotas = {key: None if value == "default" else int(value) for key, value in said.items()}
    with arguments.connect(given) as client:
        user = client.change_user(given.id, quotas=quotas)
    terminal.messages().print(_line(user))
    return Exit.OK


def sign_user_out(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        client.sign_user_out(given.id)
    terminal.messages().print(f"signed {given.id} out")
    return Exit.OK


def delete_user(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        client.delete_user(given.id)
    terminal.messages().print(f"deleted {given.id}")
    return Exit.OK
