"""Where transcripts go: the screen, one file, a file each in a folder; or lines of JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sotto.cli import terminal
from sotto.client import JobEnded, ServiceError
from sotto.client.jobs import Job
from sotto.client.transcripts import BINARY_FORMATS
from sotto.domain.errors import InvalidInput, SottoError


@dataclass(frozen=True)
class Done:
    """A job that is completed, and its transcript in the format that was asked for."""

    job: Job
    content: bytes


@dataclass(frozen=True)
class Delivery:
    """Takes results in the order of the command. `folder` or `file` is None when results go to the screen."""

    extension: str
    folder: Path | None = None
    file: Path | None = None
    as_json: bool = False

    def done(self, label: str, done: Done) -> None:
        target = self.folder / f"{label}.{self.extension}" if self.folder else self.file
        if target is not None:
            save(target, done.content, done.job.id)
        for warning in done.job.warnings:
            terminal.warn(warning, label)
        if self.as_json:
            said = None if target or self.extension in BINARY_FORMATS else done.content.decode()
            written = str(target) if target else None
            job = done.job
            self._line(label, job.id, job.status, output=written, transcript=said, warnings=job.warnings)
        elif target is None:
            terminal.write_bytes(done.content)

    def trouble(self, label: str, error: SottoError | ServiceError) -> None:
        """The error itself is told on standard error; here it is for programs."""
        if self.as_json:
            job_id, status = (error.job_id, error.job_status) if isinstance(error, JobEnded) else (None, None)
            request_id = error.request_id if isinstance(error, ServiceError) else None
            told = {"code": error.code, "message": error.message, "hint": error.hint, "request_id": request_id}
            self._line(label, job_id, status, error=told)

    def _line(self, label: str, job_id: str | None, status: str | None, **more: Any) -> None:
        nothing: dict[str, Any] = {"output": None, "transcript": None, "warnings": [], "error": None}
        line = {"file": label, "job_id": job_id, "status": status, **nothing, **more}
        terminal.write(json.dumps(line, ensure_ascii=False))


def delivery(output: str | None, extension: str, labels: list[str], *, as_json: bool) -> Delivery:
    """Decide it before anything is sent. Raises InvalidInput where results could not be told apart."""
    if output is None:
        return Delivery(extension, as_json=as_json)
    path = Path(output)
    if len(labels) == 1 and "/" not in labels[0] and not path.is_dir():
        return Delivery(extension, file=path, as_json=as_json)
    if path.exists() and not path.is_dir():
        raise InvalidInput("--output", expected="a folder, because there are several files", found=output)
    label, times = Counter(labels).most_common(1)[0]
    if times > 1:
        raise InvalidInput("FILE", expected="recordings whose names differ, for one folder", found=f"{times} x {label}")
    return Delivery(extension, folder=path, as_json=as_json)


def save(target: Path, content: bytes, job_id: str) -> None:
    """All of it or nothing. Raises InvalidInput, which says how to get the job's transcript again."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise InvalidInput(
            str(target),
            expected="a file that can be written",
            found=error.strerror,
            hint=f"The service keeps the transcript: write it elsewhere with `sotto transcript export {job_id}`.",
        ) from error
    terminal.messages().print(terminal.escaped(f"wrote {target}"))
