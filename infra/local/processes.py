"""The children besides the emulator: how each is started, and how we know that it works.

They get the same settings that CloudFormation gives the functions, taken from the stack's outputs and parameters.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.children import Plan
from infra.local.emulator import answers, clean_environment, client_environment
from infra.local.places import Places
from infra.local.ports import LOOPBACK

SLOTS = {"fast": 1, "bulk": 1}
"""Parts in flight at once. Two lanes, one slot each: a laptop's processors are shared between them."""
MOST_THREADS = 4
"""More do not make one transcription faster, and the other lane wants some."""
LEASE_S = 30
"""Shorter than on AWS: when a worker is killed here, somebody is watching."""


@dataclass(frozen=True)
class Wiring:
    """What the children must know of the deployed stack."""

    places: Places
    environ: Mapping[str, str]
    endpoint: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    web_port: int
    transcribe_port: int

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.web_port}"

    @property
    def api_url(self) -> str:
        return f"{self.web_url}/v1"

    @property
    def transcribe_url(self) -> str:
        return f"http://{LOOPBACK}:{self.transcribe_port}"

    def environment(self, service: str) -> dict[str, str]:
        return {
            **clean_environment(self.places, dict(self.environ)),
            **client_environment(self.endpoint),
            "POWERTOOLS_SERVICE_NAME": service,
            "POWERTOOLS_LOG_LEVEL": self.parameters.get("LogLevel", "INFO"),
            "SOTTO_STAGE": self.parameters.get("Stage", "local"),
        }


def transcribe(wiring: Wiring) -> Plan:
    """The container's own entry, without the container."""
    settings = {
        "SOTTO_BUCKET": wiring.outputs["BucketName"],
        "SOTTO_TABLE": wiring.outputs["TableName"],
        "SOTTO_MODEL_DIR": str(wiring.places.models),
        "SOTTO_DEFAULT_MODEL": wiring.parameters["DefaultModel"],
        "SOTTO_ENGINE": "ctranslate2",
        "SOTTO_COMPUTE_TYPE": "int8",
        "SOTTO_CONCURRENCY": str(sum(SLOTS.values())),
        "SOTTO_THREADS": str(min(MOST_THREADS, os.cpu_count() or 1)),
        "SOTTO_LEASE_S": str(LEASE_S),
        "WORKERS": "1",
        "THREADS": str(sum(SLOTS.values()) + 2),  # probes are answered while every place is taken
        "XDG_RUNTIME_DIR": str(wiring.places.temporary),  # gunicorn's control socket would go into the home folder
        "MALLOC_ARENA_MAX": "1",  # 284 MB afterwards instead of 411, at the same speed: glibc keeps a heap a thread
    }
    source = Path("functions") / "transcribe" / "main.py"
    options = ("--target", "transcribe", "--source", str(source), "--signature-type", "cloudevent")
    address = ("--host", LOOPBACK, "--port", str(wiring.transcribe_port))
    return Plan(
        name="transcribe",
        argv=(sys.executable, "-m", "functions_framework", *options, *address),
        environment={**wiring.environment("transcribe"), **settings},
        cwd=wiring.places.checkout,
        ready=lambda: answers(f"{wiring.transcribe_url}/livez"),
        stop_within_s=5,
    )


def event_source(wiring: Wiring) -> Plan:
    """Reads both lanes' queues and gives the parts to the transcribe process."""
    settings = {
        "SOTTO_FAST_QUEUE_URL": wiring.outputs["FastQueueUrl"],
        "SOTTO_BULK_QUEUE_URL": wiring.outputs["BulkQueueUrl"],
        "SOTTO_WORKER_URL": wiring.transcribe_url,
        "SOTTO_FAST_SLOTS": str(SLOTS["fast"]),
        "SOTTO_BULK_SLOTS": str(SLOTS["bulk"]),
        "SOTTO_WAIT_S": "2",  # a stop waits for a look that is under way
        "SOTTO_HIDDEN_S": "30",
        "SOTTO_DRAIN_S": "3",
    }
    return Plan(
        name="event_source",
        argv=(sys.executable, "-m", "sotto.entry.event_source"),
        environment={**wiring.environment("event_source"), **settings},
        cwd=wiring.places.checkout,
        ready=_at_once,
        stop_within_s=8,
    )


def edge(wiring: Wiring) -> Plan:
    """The web app and /v1 on one origin."""
    upstream = f"{wiring.endpoint}/restapis/{wiring.outputs['ApiId']}/v1/_user_request_"
    places = ("--storage", wiring.endpoint, "--dist", str(wiring.places.web), "--state", str(wiring.places.state))
    return Plan(
        name="edge",
        argv=(
            *(sys.executable, "-m", "infra.local.edge", "--port", str(wiring.web_port)),
            *("--upstream", upstream, "--at-once", wiring.parameters["ApiConcurrency"], *places),
        ),
        environment=clean_environment(wiring.places, dict(wiring.environ)),
        cwd=wiring.places.checkout,
        ready=lambda: answers(f"{wiring.web_url}/"),
        stop_within_s=5,
    )


async def _at_once() -> bool:
    """The event source listens nowhere: it works as soon as it runs, and waits by itself for the others."""
    await asyncio.sleep(0)
    return True
