"""Which job an unfinished recording belongs to, so that the same command goes on where it was interrupted.

One small file for each recording, service and choice of options, below ~/.config/sotto/unfinished (mode 700), locked
while a command works on it: a second command at the same time makes a job of its own. No address of an upload is kept,
they are signed and short-lived.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ValidationError

from sotto.cli import session
from sotto.client.jobs import Accepted, MultipartUpload

KEPT_S = 14 * 24 * 3600


class Work(BaseModel):
    """A job and its way in. `parts` is None for an upload in one piece, which begins anew."""

    job_id: str
    parts: MultipartUpload | None
    uploaded: bool = False


class Slot:
    """Where one recording's work is remembered; without a file it is not."""

    def __init__(self, file: IO[str] | None = None, path: Path | None = None) -> None:
        self._file, self._path = file, path

    def read(self) -> Work | None:
        if self._file is None:
            return None
        self._file.seek(0)
        try:
            return Work.model_validate_json(self._file.read())
        except ValidationError:  # new, or of another release
            return None

    def begin(self, accepted: Accepted) -> None:
        upload = accepted.upload
        parts = (
            MultipartUpload(part_size_bytes=upload.part_size_bytes, part_count=upload.part_count)
            if isinstance(upload, MultipartUpload)
            else None
        )
        self._write(Work(job_id=accepted.job.id, parts=parts))

    def uploaded(self, job_id: str) -> None:
        """From here on the job is the service's to finish."""
        self._write(Work(job_id=job_id, parts=None, uploaded=True))

    def forget(self) -> None:
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        if self._file is not None and self._path is not None:
            if self.read() is None:
                self._path.unlink(missing_ok=True)
            self._file.close()

    def _write(self, work: Work) -> None:
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(work.model_dump_json())
            self._file.flush()


@contextmanager
def slot(service: str, path: Path | None, choice: Mapping[str, object]) -> Iterator[Slot]:
    """The memory of what became of the file at `path` with these options. A None path is not remembered."""
    if path is None:
        yield Slot()
        return
    where = _folder() / f"{_fingerprint(service, path, choice)}.json"
    with where.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another command works on the same recording
            yield Slot()
            return
        found = Slot(file, where)
        try:
            yield found
        finally:
            found.close()


def _folder() -> Path:
    folder = session.folder() / "unfinished"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.iterdir():
        with suppress(OSError):
            if old.stat().st_mtime < time.time() - KEPT_S:
                old.unlink()
    return folder


def _fingerprint(service: str, path: Path, choice: Mapping[str, object]) -> str:
    """Changes when the file does: a job of the old bytes is not the new file's."""
    facts = path.stat()
    key = [service, str(path.resolve()), facts.st_size, facts.st_mtime_ns, sorted(choice.items())]
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
