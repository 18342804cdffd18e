"""What a person sees. Results go to standard output, everything else to standard error, so that pipes stay clean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sotto.client import JobEnded, ServiceError
from sotto.domain.errors import SottoError

if TYPE_CHECKING:
    from rich.console import Console


def messages() -> Console:
    from rich.console import Console  # 50 ms: `sotto --help` and `sotto down` do without it

    return Console(stderr=True, highlight=False, soft_wrap=True)


def write(text: str) -> None:
    """The result of a command."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def write_bytes(content: bytes) -> None:
    """The result of a command that may be no text."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.flush()


def clock(seconds: float) -> str:
    """A place in a recording, for people: 1:02:03 or 2:03."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def complain(error: SottoError | ServiceError, about: str = "") -> None:
    """An error in the words that it has everywhere: what was expected and found, the code, the next step."""
    console = messages()
    console.print(f"[bold red]{_kind(error)}[/] {_subject(about)}{escaped(error.message)} [dim]({error.code})[/]")
    if step := _next_step(error):
        console.print(f"      {escaped(step)}")


def warn(warning: str, about: str = "") -> None:
    """What is worth knowing about something that went well."""
    messages().print(f"[bold yellow]warning[/] {_subject(about)}{escaped(warning)}")


def _subject(about: str) -> str:
    return f"{escaped(about)}: " if about else ""


def _kind(error: SottoError | ServiceError) -> str:
    return "failed" if isinstance(error, JobEnded) else "error"


def _next_step(error: SottoError | ServiceError) -> str:
    if not isinstance(error, ServiceError):
        return error.hint
    job = f"job {error.job_id}, " if isinstance(error, JobEnded) else ""
    report = f"({job}request {error.request_id})" if error.request_id else ""
    return f"{error.hint} {report}".strip()


def escaped(text: str) -> str:
    """`text` with nothing in it that rich would take for a style."""
    from rich.markup import escape

    return escape(text)
