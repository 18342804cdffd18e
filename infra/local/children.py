"""A child process that is kept alive: started, proved ready, restarted with back-off, stopped without a trace.

Each child leads its own session. So Ctrl-C in the terminal reaches the starter only, which stops the children in the
right order, and whatever a child started (Lambda workers, gunicorn workers) goes with it, however it died.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.errors import ChildDied
from infra.local.logs import CappedLog

READY_POLL_S = 0.05
DEATHS_ALLOWED = 5
DEATHS_WITHIN_S = 60.0
MAX_PAUSE_S = 5.0
LONGEST_LINE = 64 * 1024
LOG_WITHIN_S = 2.0


@dataclass(frozen=True)
class Plan:
    """What to run. `ready` answers True once the child does its work; the environment is complete, nothing is added."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: Path
    ready: Callable[[], Awaitable[bool]]
    ready_within_s: float = 60.0
    stop_within_s: float = 10.0


@dataclass
class Child:
    plan: Plan
    log_folder: Path
    changed: Callable[[], None] = lambda: None
    """Called when the pid changes, so that the status file can follow."""
    restarted: Callable[[], Awaitable[None]] | None = None
    """Awaited after each restart. What it raises ends `keep_alive`."""
    restarts: int = 0
    log: CappedLog = field(init=False)
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _pump: threading.Thread | None = field(default=None, init=False)
    _stopping: bool = field(default=False, init=False)
    _deaths: deque[float] = field(default_factory=deque, init=False)

    def __post_init__(self) -> None:
        self.log = CappedLog(self.log_folder / f"{self.plan.name}.log")

    @property
    def pid(self) -> int | None:
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    async def start(self) -> None:
        """Start the process and return once it is ready. Raises ChildDied when it ends or is late."""
        self.log.last.clear()
        # A pipe of our own: with asyncio's, wait() would wait for everybody who holds it, the child's children too.
        output, end = os.pipe()
        self._pump = threading.Thread(target=self._keep_log, args=(output,), name=f"{self.plan.name} log", daemon=True)
        self._pump.start()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.plan.argv,
                env=dict(self.plan.environment),
                cwd=self.plan.cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=end,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            os.close(end)
        self.changed()
        try:
            async with asyncio.timeout(self.plan.ready_within_s):
                await self._until_ready(self._process)
        except TimeoutError:
            await self._end(self._process, grace_s=0)
            raise self._died(f"was not ready within {self.plan.ready_within_s:g} s") from None

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        while not await self.plan.ready():
            if process.returncode is not None:
                await self._end(process, grace_s=0)
                raise self._died(f"ended with exit status {process.returncode} before it was ready")
            await asyncio.sleep(READY_POLL_S)

    async def keep_alive(self) -> None:
        """Restart the process whenever it ends, until `stop`. Raises ChildDied when it dies again and again."""
        while not self._stopping and self._process is not None:
            status = await self._process.wait()
            if self._stopping:
                return
            await self._end(self._process, grace_s=0)
            await self._pause_after_death(f"ended with exit status {status}")
            while not self._stopping:
                self.restarts += 1
                try:
                    await self.start()
                except ChildDied as error:
                    await self._pause_after_death(str(error))
                else:
                    break
            if self.restarted is not None and not self._stopping:
                await self.restarted()

    async def _pause_after_death(self, reason: str) -> None:
        now = time.monotonic()
        self._deaths.append(now)
        while self._deaths[0] < now - DEATHS_WITHIN_S:
            self._deaths.popleft()
        if len(self._deaths) > DEATHS_ALLOWED:
            raise self._died(f"died {len(self._deaths)} times in {DEATHS_WITHIN_S:.0f} s and was given up")
        pause = min(MAX_PAUSE_S, 0.2 * 2 ** (len(self._deaths) - 1))
        self.log.write(f"--- {self.plan.name} {reason.splitlines()[0]}; starting it again in {pause:.1f} s\n".encode())
        self.changed()
        await asyncio.sleep(pause)

    def _died(self, reason: str) -> ChildDied:
        lines = "\n".join(f"    {line}" for line in self.log.last) or "    (it printed nothing)"
        return ChildDied(f"{self.plan.name} {reason}. Its last lines, from {self.log.path}:\n{lines}")

    async def stop(self) -> None:
        """End the process and everything it started. It gets `stop_within_s` to finish by itself."""
        self._stopping = True
        if self._process is not None:
            await self._end(self._process, grace_s=self.plan.stop_within_s)
        self.log.close()

    async def _end(self, process: asyncio.subprocess.Process, grace_s: float) -> None:
        if process.returncode is None and grace_s > 0:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if self._pump is not None:
            await asyncio.to_thread(self._pump.join, LOG_WITHIN_S)  # it ends when nobody holds the pipe any more
        self.changed()

    def _keep_log(self, output: int) -> None:
        """Write what the child prints to its log, in a thread of its own, until the pipe's other end is closed."""
        with os.fdopen(output, "rb") as lines:
            while line := lines.readline(LONGEST_LINE):
                self.log.write(line if line.endswith(b"\n") else line + b"\n")
