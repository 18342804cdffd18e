"""The exit statuses, and which error leads to which: scripts depend on them, docs/cli.md lists them."""

from __future__ import annotations

from enum import IntEnum

from sotto.client import ServiceError
from sotto.client import errors as answered
from sotto.domain.errors import InvalidInput, SottoError, Unavailable

SERVER_ERROR = 500


class Exit(IntEnum):
    OK = 0
    UNEXPECTED = 1
    BAD_INPUT = 2
    JOB_FAILED = 3
    UNREACHABLE = 4
    NOT_SIGNED_IN = 5
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "done",
    Exit.UNEXPECTED: "a mistake of ours; please report it",
    Exit.BAD_INPUT: "the command or a file is not what was expected, or the service refused the request",
    Exit.JOB_FAILED: "the service took the recording and could not transcribe it",
    Exit.UNREACHABLE: "the service did not answer, or has a problem that will pass",
    Exit.NOT_SIGNED_IN: "nobody is signed in, or this account may not do that",
    Exit.INTERRUPTED: "stopped with Ctrl-C; jobs on the service go on",
}


_BY_ANSWER: dict[type[ServiceError], Exit] = {
    answered.Unauthenticated: Exit.NOT_SIGNED_IN,
    answered.Forbidden: Exit.NOT_SIGNED_IN,
    answered.Unavailable: Exit.UNREACHABLE,
    answered.JobEnded: Exit.JOB_FAILED,
    answered.Interrupted: Exit.INTERRUPTED,
}


def exit_of(error: SottoError | ServiceError) -> Exit:
    """The exit status for an error, whether it was raised on this machine or the service sent it."""
    if isinstance(error, ServiceError):
        return _BY_ANSWER.get(type(error), Exit.BAD_INPUT)
    if isinstance(error, Unavailable) or error.status >= SERVER_ERROR:
        return Exit.UNREACHABLE
    return Exit.BAD_INPUT


def unusable(error: OSError) -> InvalidInput:
    """A file of this machine that could not be read or written, in the words that every error has."""
    return InvalidInput(
        str(error.filename or "this machine"),
        expected="a file that can be read or written",
        found=error.strerror or type(error).__name__,
        hint="Check the path, its rights, and the room on its disk.",
    )
