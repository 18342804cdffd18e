"""Shows how far each recording is: a bar each on a terminal, a line for each change elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sotto.cli import terminal
from sotto.client.jobs import Job

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Board:
    """Lines of recordings that are worked on at the same time; threads may write to their own."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress

    @contextmanager
    def line(self, name: str) -> Iterator[Line]:
        """The line of one recording, while it is worked on."""
        if self._progress is None:
            yield Line(name)
            return
        task = self._progress.add_task(terminal.escaped(name), total=None)
        try:
            yield Line(name, self._progress, task)
        finally:
            self._progress.remove_task(task)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Nothing moves on the screen meanwhile: for writing results to the same terminal."""
        if self._progress is None:
            yield
            return
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


class Line:
    """One recording's progress."""

    def __init__(self, name: str, progress: Progress | None = None, task: TaskID | None = None) -> None:
        self._name, self._progress, self._task = name, progress, task
        self._last = ""

    def upload(self, size_bytes: int) -> None:
        self._say("uploading", size_bytes, 0)

    def advance(self, count: int) -> None:
        """So many bytes more were sent."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, count)

    def look(self, job: Job) -> None:
        """What the service does with it, and how far it is."""
        done, total = job.progress.seconds_done, job.progress.seconds_total
        measured = job.stage == "transcribing" and total > 0
        self._say(job.stage, total if measured else None, done if measured else 0)

    def _say(self, stage: str, total: float | None, done: float) -> None:
        if self._progress is not None and self._task is not None:
            said = terminal.escaped(f"{self._name} {stage}")
            self._progress.update(self._task, description=said, total=total, completed=done)
        elif stage != self._last:
            terminal.messages().print(terminal.escaped(f"{self._name} {stage}"))
        self._last = stage


@contextmanager
def board() -> Iterator[Board]:
    console = terminal.messages()
    if not console.is_terminal:
        yield Board(None)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Board(progress)
