"""What a person sees. Results go to standard output, everything else to standard error, so that pipes stay clean."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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


def complain(error: SottoError, about: str = "") -> None:
    """An error in the words that it has everywhere: what was expected and found, the code, the next step."""
    console = messages()
    subject = f"{_escaped(about)}: " if about else ""
    console.print(f"[bold red]error[/] {subject}{_escaped(error.message)} [dim]({error.code})[/]")
    if error.hint:
        console.print(f"      {_escaped(error.hint)}")


def failed(name: str, failure: Mapping[str, str], where: str) -> None:
    """A job that failed, in the words that it keeps."""
    console = messages()
    console.print(f"[bold red]failed[/] {_escaped(name)}: {_escaped(failure['message'])} [dim]({failure['code']})[/]")
    console.print(f"       {_escaped(failure['hint'])} [dim]({where})[/]")


@contextmanager
def upload_bar(name: str, size: int) -> Iterator[Any]:
    """A bar over `size` bytes. Yields a function that takes the bytes sent since the last call."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=messages(), transient=True) as progress:
        task = progress.add_task(_escaped(f"uploading {name}"), total=size)
        yield lambda count: progress.advance(task, count)


@contextmanager
def status_line() -> Iterator[Any]:
    """A line that changes in place on a terminal, and a line for each change elsewhere."""
    console = messages()
    if console.is_terminal:
        with console.status("") as status:
            yield lambda text: status.update(_escaped(text))
        return
    last = ""

    def say(text: str) -> None:
        nonlocal last
        stage = text.partition(",")[0]
        if stage != last:
            console.print(_escaped(text))
            last = stage

    yield say


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
