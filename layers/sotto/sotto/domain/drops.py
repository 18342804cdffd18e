"""Recordings that are put straight into the bucket, and the files that answer beside them.

    dropbox/<user id>/any/path/talk.m4a         starts a job
    dropbox/<user id>/any/path/sotto.json       options of what is dropped there and below
    dropbox/<user id>/any/path/talk.txt ...     the results, or talk.error.txt

What is named like an answer never starts anything, so Sotto cannot answer itself, and needs no mark that could be lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from ulid import ULID

from sotto.domain.errors import Failure, InvalidInput
from sotto.domain.job import RecordingRef
from sotto.domain.options import Options

PREFIX = "dropbox/"
OPTIONS_FILE = "sotto.json"
MAX_OPTIONS_BYTES = 64 * 1024
TAG_PREFIX = "sotto:"
AGAIN = "and put the recording there again."
ANSWERS = frozenset({"txt", "srt", "vtt", "json"})
"""Extensions of results and errors: a dropped file with one of them is not a recording."""
MAX_KEY_BYTES = 1024 - len(".error.txt")  # S3's limit, less what an answer's name is longer


@dataclass(frozen=True)
class Drop:
    """A dropped recording's place. `folder` is what lies between the user and the name, with a slash at its end."""

    owner: str
    folder: str
    name: str

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.owner}/{self.folder}{self.name}"

    @property
    def stem(self) -> str:
        """The name without its extension, which two recordings in one folder may share."""
        return self.name.rpartition(".")[0] or self.name

    def answer_key(self, extension: str, *, owns_stem: bool) -> str:
        """Where the answer lies: talk.txt for who came first to `talk`, talk.wav.txt for another with that stem."""
        return f"{PREFIX}{self.owner}/{self.folder}{self.stem if owns_stem else self.name}.{extension}"

    def options_keys(self) -> tuple[str, ...]:
        """Where its options may stand, the nearest first."""
        folders = [self.folder]
        while folders[-1]:
            above, slash, _ = folders[-1][:-1].rpartition("/")
            folders.append(above + slash)
        return tuple(f"{PREFIX}{self.owner}/{folder}{OPTIONS_FILE}" for folder in folders)


@dataclass(frozen=True)
class Dropped:
    """One version of a dropped object, as the bucket describes it."""

    recording: RecordingRef
    dropped_at: datetime
    tags: Mapping[str, str]


def parse_drop_key(key: str) -> Drop | None:
    """The place of a dropped recording from its key (already URL-decoded), or None when it is none.

    None are folders, hidden files, what is named like an answer, and keys that leave no room for an answer's name.
    """
    owner, slash, path = key.removeprefix(PREFIX).partition("/")
    name = path.rpartition("/")[2]
    if not key.startswith(PREFIX) or not owner or not slash or not name or name.startswith("."):
        return None
    if name.rpartition(".")[2].lower() in ANSWERS or len(key.encode()) > MAX_KEY_BYTES:
        return None
    return Drop(owner=owner, folder=path.removesuffix(name), name=name)


def drop_job_id(key: str, version_id: str, dropped_at: datetime) -> str:
    """The id of the job of one version of one object: the same however often its event comes, in order of time."""
    moment = int(dropped_at.timestamp() * 1000).to_bytes(6, "big")
    digest = hashlib.sha256(f"{key}\0{version_id}".encode()).digest()
    return str(ULID.from_bytes(moment + digest[:10]))


def drop_options(default_model: str, file: bytes | None, tags: Mapping[str, str]) -> Options:
    """The options of a drop: those of the nearest sotto.json, and over them the tags `sotto:<option>`.

    Raises InvalidInput, which names the file or the option.
    """
    wanted: dict[str, Any] = {"model": default_model}
    if file is not None:
        wanted |= _options_of_file(file)
    for name, value in tags.items():
        if name.startswith(TAG_PREFIX):
            wanted[name.removeprefix(TAG_PREFIX)] = value or None
    try:
        return Options.model_validate(wanted)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise InvalidInput(
            name, expected=first["msg"], found=wanted.get(name), hint=f"Correct {OPTIONS_FILE} or the tag, {AGAIN}"
        ) from None


def _options_of_file(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = content[:60].decode(errors="replace")
    if not isinstance(found, dict):
        raise InvalidInput(
            OPTIONS_FILE,
            expected="a JSON object of options",
            found=found,
            hint=f'Write it like {{"model": "base", "language": "en"}}, {AGAIN}',
        )
    return found


def error_text(failure: Failure, *, name: str, job_id: str | None) -> bytes:
    """What talk.error.txt says."""
    lines = {"recording": name, "job": job_id or "none", "code": failure.code, "message": failure.message}
    return "".join(f"{key}: {value}\n" for key, value in {**lines, "hint": failure.hint}.items()).encode()
