"""The recordings that a command line names: files, folders, patterns, addresses, standard input."""

from __future__ import annotations

import glob
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sotto.client.uploads import File
from sotto.domain.errors import InvalidInput, RecordingEmpty

STDIN = "-"
SUFFIXES = (
    *(".3gp", ".aac", ".aif", ".aiff", ".amr", ".flac", ".m4a", ".m4b", ".mka", ".mp3", ".oga", ".ogg", ".opus"),
    *(".wav", ".wma", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"),
)
"""What is taken for a recording in a folder; a file that is named by itself may be called anything."""


@dataclass(frozen=True)
class Recording:
    """A file to transcribe, or the address of one that the service fetches itself.

    `label` names its transcript: its path below the folder that was named, else its name.
    """

    file: File | None
    label: str
    url: str | None = None

    @property
    def path(self) -> Path | None:
        """Where the same command will find the same file again; None for what passes by."""
        return self.file.path if self.file and self.file.title is None else None


def find(words: Sequence[str], spool: str, stdin_name: str) -> list[Recording]:
    """What `words` name, each file once, in their order. Raises InvalidInput or RecordingEmpty."""
    found: dict[Path | str, Recording] = {}
    for word in words:
        for recording in [_spooled(spool, stdin_name)] if word == STDIN else _named(word):
            found.setdefault(_checked(recording), recording)
    return list(found.values())


def _named(word: str) -> Iterator[Recording]:
    path = Path(word)
    if word.startswith(("http://", "https://")):
        address = urlsplit(word)
        yield Recording(None, unquote(address.path).rpartition("/")[2] or str(address.hostname), url=word)
    elif path.is_dir():
        below = sorted(one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES and one.is_file())
        if not below:
            raise InvalidInput("FILE", expected="a folder with recordings in it", found=word)
        yield from (Recording(File(one), one.relative_to(path).as_posix()) for one in below)
    elif not path.exists() and glob.has_magic(word):
        matching = sorted(one for one in map(Path, glob.glob(word, recursive=True)) if one.is_file())  # noqa: PTH207 - absolute too
        if not matching:
            raise InvalidInput("FILE", expected="a pattern that finds files", found=word)
        yield from (Recording(File(one), one.name) for one in matching)
    else:
        yield Recording(File(path), path.name)


def _spooled(spool: str, name: str) -> Recording:
    """Standard input, kept on disk: its size is announced before it is sent, and parts are sent again if need be."""
    path = Path(spool) / "stdin"
    try:
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
    except OSError as error:
        raise InvalidInput(
            STDIN,
            expected=f"room for all of it in {spool}",
            found=error.strerror,
            hint="Free some space there, or set TMPDIR to a folder that has some.",
        ) from error
    return Recording(File(path, title=name), name)


def _checked(recording: Recording) -> Path | str:
    """What tells this recording from others, once it is sure that it can be sent."""
    if recording.file is None:
        return recording.url or recording.label
    path = recording.file.path
    if not path.is_file():
        raise InvalidInput("FILE", expected="a file", found=str(path), hint="Check the path.")
    if recording.file.size_bytes == 0:
        raise RecordingEmpty(f"{recording.file.name}: expected a recording, found an empty file")
    return path.resolve()
