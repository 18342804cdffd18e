"""Ends what a killed starter left running. Children lead their own sessions, so `kill -9` of the starter spares them.

A process is only touched when its pid *and* its environment say that it is ours: each child carries TMPDIR of its
stack, and a pid that was given to somebody else since does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import psutil

from infra.local.places import Places

GRACE_S = 10.0


def reap(places: Places, pids: Iterable[int]) -> list[int]:
    """End those of `pids` that belong to this stack, with all that they started. Returns what was ended."""
    found = [process for pid in pids if (process := _ours(places, pid)) is not None]
    families = [member for process in found for member in (process, *_children(process))]
    for process in families:
        _signal(process, psutil.Process.terminate)
    _, alive = psutil.wait_procs(families, timeout=GRACE_S)
    for process in alive:
        _signal(process, psutil.Process.kill)
    psutil.wait_procs(alive, timeout=GRACE_S)
    return [process.pid for process in found]


def lives(pid: int) -> bool:
    """Whether the process runs. One that has ended and waits to be noticed by its parent does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _ours(places: Places, pid: int) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if process.environ().get("TMPDIR") == str(places.temporary) else None
    except psutil.Error:
        return None


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _signal(process: psutil.Process, action: Callable[[psutil.Process], None]) -> None:
    try:
        action(process)
    except psutil.Error:
        return
