"""Children that are kept alive, and what a person is told when that fails."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from infra.local import orphans
from infra.local.children import DEATHS_ALLOWED, Child, Plan
from infra.local.errors import ChildDied
from tests.integration.local.conftest import make_places

FOREVER = "import sys, time; print('up', flush=True); time.sleep(600)"
FAMILY = (
    "import subprocess, sys, time;"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(p.pid, flush=True); time.sleep(600)"
)


def child(folder: Path, code: str, ready: Callable[[], Awaitable[bool]] | None = None, **more: float) -> Child:
    log = folder / "worker.log"

    async def printed() -> bool:
        await asyncio.sleep(0.01)
        return log.is_file() and log.stat().st_size > 0

    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(folder / "tmp")}
    argv = (sys.executable, "-u", "-c", code)
    return Child(Plan("worker", argv, environment, folder, ready or printed, **more), folder)


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not what():  # noqa: ASYNC110 - what is waited for knows nothing of events
            await asyncio.sleep(0.02)


async def started_and_stopped(one: Child, *, keep: bool = False) -> None:
    try:
        await one.start()
        if keep:
            await one.keep_alive()
    finally:
        await one.stop()


def test_a_child_that_is_killed_is_started_again_and_its_family_goes_with_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        came_back = asyncio.Event()
        one = child(tmp_path, FAMILY)

        async def note() -> None:
            came_back.set()

        one.restarted = note
        await one.start()
        keeping = asyncio.create_task(one.keep_alive())
        first, grandchild = one.pid, int(one.log.path.read_text().split()[0])
        assert first is not None
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(20):
            await came_back.wait()
        assert one.pid not in (None, first)
        assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE
        assert one.restarts == 1
        last = one.pid
        await one.stop()
        await keeping
        assert last is not None
        assert not psutil.pid_exists(last)

    asyncio.run(scenario())


def test_a_child_that_cannot_start_shows_its_last_lines(tmp_path: Path) -> None:
    async def never() -> bool:
        await asyncio.sleep(0)
        return False

    one = child(tmp_path, "print('the port is taken'); raise SystemExit(3)", never)
    with pytest.raises(ChildDied, match=r"(?s)exit status 3 before it was ready.*worker\.log.*the port is taken"):
        asyncio.run(started_and_stopped(one))


def test_a_child_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    async def never() -> bool:
        await asyncio.sleep(0.01)
        return False

    one = child(tmp_path, FOREVER, never, ready_within_s=0.5)
    with pytest.raises(ChildDied, match=r"was not ready within 0\.5 s"):
        asyncio.run(started_and_stopped(one))
    assert one.pid is None


def test_a_child_that_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    one = child(tmp_path, "print('I cannot', flush=True)")
    with pytest.raises(ChildDied, match=rf"(?s)died {DEATHS_ALLOWED + 1} times.*given up.*I cannot"):
        asyncio.run(started_and_stopped(one, keep=True))


def test_a_child_that_ignores_the_wish_to_stop_is_ended(tmp_path: Path) -> None:
    async def scenario() -> None:
        one = child(
            tmp_path, f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOREVER}", stop_within_s=0.3
        )
        await one.start()
        pid = one.pid
        await one.stop()
        assert pid is not None
        assert not psutil.pid_exists(pid)

    asyncio.run(scenario())


def test_a_line_without_end_does_not_stop_the_log(tmp_path: Path) -> None:
    async def scenario() -> None:
        one = child(tmp_path, f"print('x' * 3_000_000); {FOREVER}")
        await one.start()
        await until(lambda: "up" in one.log.last)
        await one.stop()
        assert one.log.path.stat().st_size > 3_000_000

    asyncio.run(scenario())


def test_orphans_are_ended_and_strangers_are_not(tmp_path: Path) -> None:
    places = make_places(tmp_path / "stack")

    def left_running(temporary: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", FOREVER], env={"TMPDIR": str(temporary)}, stdout=subprocess.PIPE)

    with left_running(places.temporary) as orphan, left_running(tmp_path) as stranger:
        for process in (orphan, stranger):
            assert process.stdout is not None
            process.stdout.readline()
        assert orphans.reap(places, [orphan.pid, stranger.pid, 2**22 - 1]) == [orphan.pid]
        assert orphan.wait(10) is not None
        assert stranger.poll() is None
        stranger.kill()
