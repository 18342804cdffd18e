"""What runs, as one small file that everybody reads: `sotto status`, the command line client, the tests.

The file belongs to the starter, which writes it whole and renames it into place. Whether it is true is decided by the
lock, which the starter holds while it lives and which no crash can leave behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.local.errors import AlreadyRunning
from infra.local.places import Places

GLANCE_S = 0.5
"""`is_running` holds the lock for a moment; a starter that comes right then tries again for this long."""


class Facts(BaseModel):
    """The content of status.json. URLs have no slash at the end. `pids` maps a child's name to its process."""

    model_config = ConfigDict(frozen=True)

    state: Literal["starting", "ready", "stopping", "stopped"] = "starting"
    pid: int
    started_at: str
    state_dir: str
    logs: str
    web_url: str | None = None
    api_url: str | None = None
    endpoint_url: str | None = None
    transcribe_url: str | None = None
    region: str = "us-east-1"
    bucket: str | None = None
    table: str | None = None
    queues: dict[str, str] = Field(default_factory=dict)
    outputs: dict[str, str] = Field(default_factory=dict)
    credentials_file: str | None = None
    models: tuple[str, ...] = ()
    pids: dict[str, int] = Field(default_factory=dict)
    restarts: dict[str, int] = Field(default_factory=dict)


def queues_of(outputs: dict[str, str], endpoint: str) -> dict[str, str]:
    """The queues' URLs at `endpoint`, by short name: arrived, arrived_dlq, fast, fast_dlq, bulk, bulk_dlq."""
    names = {"Arrived": "arrived", "Fast": "fast", "Bulk": "bulk"}
    found = {}
    for stem, name in names.items():
        for suffix, ending in (("Queue", ""), ("Dlq", "_dlq")):
            if url := outputs.get(f"{stem}{suffix}Url"):
                found[name + ending] = endpoint + urlsplit(url).path
    return found


def write_private(path: Path, content: str) -> None:
    """Write the whole file or nothing; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    partial.replace(path)


def write_facts(places: Places, facts: Facts) -> None:
    write_private(places.status, facts.model_dump_json(indent=1) + "\n")


def read_facts(places: Places) -> Facts | None:
    """What the last starter wrote, alive or not; None when there is nothing to read."""
    try:
        return Facts.model_validate_json(places.status.read_bytes())
    except (OSError, ValidationError):
        return None


def announce(places: Places) -> None:
    """Tell the command line where the local stack is. A later stack takes over; see `withdraw`."""
    if places.announcement:
        write_private(places.announcement, json.dumps({"status_file": str(places.status)}))


def withdraw(places: Places) -> None:
    """Take the announcement back, if it is still ours."""
    if places.announcement and places.announcement.is_file():
        try:
            ours = json.loads(places.announcement.read_text()).get("status_file") == str(places.status)
        except (OSError, ValueError, AttributeError):
            ours = False
        if ours:
            places.announcement.unlink(missing_ok=True)


@contextmanager
def held_lock(places: Places) -> Iterator[None]:
    """Be the one starter of this state folder. Raises AlreadyRunning."""
    places.state.mkdir(parents=True, exist_ok=True)
    with places.lock.open("w") as lock:
        deadline = time.monotonic() + GLANCE_S
        while not _locked(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                facts = read_facts(places)
                where = f" at {facts.web_url}" if facts and facts.web_url else ""
                raise AlreadyRunning(f"Sotto is already running{where}. Stop it with `sotto down`.")
            time.sleep(0.05)
        yield


def _locked(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_running(places: Places) -> bool:
    """Whether a starter holds the lock."""
    if not places.lock.is_file():
        return False
    with places.lock.open() as lock:
        return not _locked(lock, fcntl.LOCK_SH)
