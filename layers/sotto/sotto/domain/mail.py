"""The mails that Sotto sends to a person, in plain text. Links carry their token behind `#`: it reaches no server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sotto.domain.errors import InvalidInput

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True)
class Mail:
    """Raises InvalidInput for a line break in `to` or `subject`: what follows one would be a header of its own."""

    to: str
    subject: str
    text: str

    def __post_init__(self) -> None:
        for name, value in (("to", self.to), ("subject", self.subject)):
            if _CONTROLS.search(value):
                raise InvalidInput(name, expected="one line", found="a control character")

    def __repr__(self) -> str:
        return f"Mail(subject={self.subject!r})"  # the text holds a token


def invitation_mail(to: str, web_url: str, token: str, days: int) -> Mail:
    return Mail(
        to,
        "Your invitation to Sotto",
        f"You may open an account on {web_url}.\n\nChoose a password here within {days} days:\n\n"
        f"{web_url}/#/sign-up?invitation={token}\n\nIf you did not expect this mail, do nothing.\n",
    )


def already_member_mail(to: str, web_url: str) -> Mail:
    return Mail(
        to,
        "You have an account on Sotto",
        f"Somebody asked for an account with this address on {web_url}. There is one already.\n\n"
        f"Sign in, or ask for a new password:\n\n{web_url}/#/reset\n\nIf it was not you, do nothing.\n",
    )


def reset_mail(to: str, web_url: str, token: str, minutes: int) -> Mail:
    return Mail(
        to,
        "A new password for Sotto",
        f"Somebody asked for a new password for this address on {web_url}.\n\nChoose one here within {minutes} "
        f"minutes:\n\n{web_url}/#/reset?token={token}\n\nIf it was not you, do nothing: the old one stays.\n",
    )


def unknown_address_mail(to: str, web_url: str) -> Mail:
    """Sent in place of a reset, so that neither the answer nor its time tells who has an account."""
    return Mail(
        to,
        "A new password for Sotto",
        f"Somebody asked for a new password for this address on {web_url}, but it has no account there.\n\n"
        "If it was you, try another address. If it was not, do nothing.\n",
    )


def job_ended_mail(to: str, web_url: str, job: Mapping[str, Any]) -> Mail:
    """`job` as in the outbox's event (domain/outbox.py): neither the file's name nor what was said is in a mail,
    which lies in mail boxes for years after the job was deleted."""
    begun = f"The job that you made on {job['created_at'][:10]} at {job['created_at'][11:16]} UTC"
    where = f"{web_url}/#/recordings/{job['id']}" if web_url else f"Job {job['id']}"
    off = "You get this mail because you asked for it; your account turns it off (job_mails).\n"
    failure = job.get("failure")
    if failure:
        reason = f"{failure['message']}\n{failure['hint']}"
        return Mail(to, "A transcript could not be made", f"{begun} has failed.\n\n{reason}\n\n{where}\n\n{off}")
    return Mail(to, "Your transcript is ready", f"{begun} is transcribed.\n\n{where}\n\n{off}")
