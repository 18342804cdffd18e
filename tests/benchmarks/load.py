"""Many clients at once on a running stack: `python -m tests.benchmarks.load --clients 200` (after `sotto up --detach`).

Each client signs in once with all others, then does what an integrator does: creates a job, uploads three seconds of
speech, lists its jobs, asks for the job until it has ended, and reads the transcript. A refusal that names a time
(429 with Retry-After) is waited for, as a client should; it is counted. Nothing else is tried again, so every failure
counts. The report says, for each route, how many answers of which status came and how long they took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.benchmarks import machine, running
from tests.recordings import RATE, SMALL_FLAC, encode, sample

SPEECH_S = 3
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "EXPIRED")
GIVE_UP_S = 1800


@dataclass
class Record:
    """What all clients saw: route -> status -> how often, and route -> seconds of each answer."""

    statuses: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    jobs: Counter[str] = field(default_factory=Counter)
    job_s: list[float] = field(default_factory=list)


class Client:
    """One integrator."""

    def __init__(self, http: httpx.AsyncClient, record: Record, recording: bytes) -> None:
        self._http, self._record, self._recording = http, record, recording

    async def live(self) -> None:
        began = time.monotonic()
        request = {"name": "load.flac", "size_bytes": len(self._recording), "content_type": "audio/flac"}
        accepted = (await self._ask("POST", "jobs", json={**request, "model": "tiny.en"})).json()
        upload = accepted["upload"]
        await self._ask("PUT", upload["url"], content=self._recording, headers=upload["headers"])
        job_id = accepted["job"]["id"]
        status, pause = "", 0.5
        while status not in ENDED and time.monotonic() - began < GIVE_UP_S:
            await asyncio.sleep(pause)
            pause = min(5.0, pause * 1.5)
            await self._ask("GET", "jobs", params={"limit": 10})
            status = (await self._ask("GET", f"jobs/{job_id}")).json()["job"]["status"]
        self._record.jobs[status] += 1
        self._record.job_s.append(time.monotonic() - began)
        text = (await self._ask("GET", f"jobs/{job_id}/transcript", params={"format": "txt"})).text
        if "lighthouse" not in text.lower().replace(" ", ""):
            self._record.jobs["with another text"] += 1

    async def _ask(self, method: str, path: str, **what: Any) -> httpx.Response:
        route = f"{method} {_route(path)}"
        while True:
            began = time.monotonic()
            answer = await self._http.request(method, path, **what)
            self._record.seconds[route].append(time.monotonic() - began)
            self._record.statuses[route][str(answer.status_code)] += 1
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                answer.raise_for_status()
                return answer
            await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))


def _route(path: str) -> str:
    if path.startswith("http"):
        return "(upload)"
    return "/".join("{job_id}" if len(step) == 26 else step for step in path.split("/"))


async def run(api_url: str, sign_in: dict[str, str], clients: int) -> Record:
    record, recording = Record(), encode(sample()[: SPEECH_S * RATE], RATE, SMALL_FLAC)
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=api_url + "/", timeout=120, limits=limits) as http:
        signed_in = await http.post("auth/sign-in", json=sign_in)
        signed_in.raise_for_status()
        http.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        ends = await asyncio.gather(
            *(Client(http, record, recording).live() for _ in range(clients)), return_exceptions=True
        )
    for end in ends:
        if end is not None:
            record.jobs[f"client gave up: {type(end).__name__}"] += 1
    return record


def summary(record: Record, clients: int, wall_s: float) -> dict[str, Any]:
    """Everything that the page in docs/benchmarks.md states; times in seconds."""
    answers = sum(sum(found.values()) for found in record.statuses.values())
    failures = sum(n for found in record.statuses.values() for status, n in found.items() if status >= "500")
    return {
        "machine": machine.facts(),
        "clients": clients,
        "wall_s": round(wall_s, 1),
        "answers": answers,
        "answers_5xx": failures,
        "jobs": dict(record.jobs),
        "job_s": _percentiles(record.job_s),
        "routes": {
            route: {"statuses": dict(record.statuses[route]), **_percentiles(record.seconds[route])}
            for route in sorted(record.statuses)
        },
    }


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    if len(values) < 2:
        return {}
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3), "p99": round(cuts[98], 3)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.load", description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    chosen, stack = running.parse(parser, arguments)
    began = time.monotonic()
    record = asyncio.run(run(stack.api_url, stack.sign_in, chosen.clients))
    found = summary(record, chosen.clients, time.monotonic() - began)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0 if found["answers_5xx"] == 0 and record.jobs == Counter({"COMPLETED": chosen.clients}) else 1


if __name__ == "__main__":
    sys.exit(main())
