"""A real emulator in a temporary folder, started and stopped by the starter's own code."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import emulator
from infra.local.children import Child
from infra.local.emulator import Aws
from infra.local.places import Places
from infra.local.ports import LOOPBACK, choose


def make_places(state: Path) -> Places:
    places = Places(state=state)
    for folder in (places.temporary, places.logs, places.emulator_state, places.objects):
        folder.mkdir(parents=True, exist_ok=True)
    return places


class Emulator:
    """The emulator as a child that is kept alive by an event loop in a thread of its own."""

    def __init__(self, places: Places, *, checkpoint_s: float = 1.0, function_idle_s: float = 300) -> None:
        self.places = places
        self.port = choose()
        self.endpoint = f"http://{LOOPBACK}:{self.port}"
        plan = emulator.plan(places, self.port, dict(os.environ))
        times = {"SOTTO_CHECKPOINT_S": str(checkpoint_s), "SOTTO_FUNCTION_IDLE_S": str(function_idle_s)}
        plan.environment.update(times)  # type: ignore[attr-defined]  # a dict, made just now
        self.child = Child(plan, places.logs)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)

    def __enter__(self) -> Emulator:
        emulator.ensure_environment(self.places, lambda _: None)
        self.thread.start()
        self._do(self.child.start())
        self.kept_alive = asyncio.run_coroutine_threadsafe(self.child.keep_alive(), self.loop)
        self.aws = Aws(self.endpoint)
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self.child.stop())
        self.kept_alive.result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def _do(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(60)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(make_places(tmp_path_factory.mktemp("emulator"))) as running:
        yield running


@pytest.fixture
def aws(running_emulator: Emulator) -> Aws:
    return running_emulator.aws
