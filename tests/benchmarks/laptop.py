"""What the laptop cloud costs while little happens: `python -m tests.benchmarks.laptop` (after `sotto up --detach`).

Three things of a running stack that has nothing else to do: how long a short recording takes beyond the engine's own
seconds, how fast the API answers, and how much memory each process holds (proportional set size, so that shared pages
count once).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import psutil

from tests.benchmarks import machine, running
from tests.conftest import ROOT

SAMPLE = ROOT / "tests/audio/sample.ogg"
JOBS, CALLS = 10, 30
ROUTES = ("livez", "models", "jobs")
COLD = ("-lambda-sotto-authorizer-", "-lambda-sotto-jobs-")


def overhead_s(http: httpx.Client) -> float:
    """Seconds from the end of the upload to COMPLETED, without the engine's."""
    content = SAMPLE.read_bytes()
    request = {"name": SAMPLE.name, "size_bytes": len(content), "content_type": "audio/ogg", "model": "tiny.en"}
    accepted = http.post("jobs", json=request).raise_for_status().json()
    upload = accepted["upload"]
    httpx.put(upload["url"], content=content, headers=upload["headers"], timeout=60).raise_for_status()
    uploaded = dt.datetime.now(dt.UTC)
    while (job := http.get(f"jobs/{accepted['job']['id']}").json()["job"])["status"] != "COMPLETED":
        if job["status"] == "FAILED":
            raise RuntimeError(f"expected a completed job, found {job['failure']}")
        time.sleep(0.2)  # its end is read from the job, so this makes the answer later and not larger
    ended = dt.datetime.fromisoformat(job["timings"]["completed_at"])
    return (ended - uploaded).total_seconds() - float(job["engine_s"])


def latency(http: httpx.Client, route: str) -> dict[str, float]:
    taken = [_call_ms(http, route) for _ in range(CALLS)]
    return {"first_ms": round(taken[0], 1), "median_ms": round(statistics.median(taken), 1)}


def idle(http: httpx.Client, pids: Mapping[str, int]) -> dict[str, Any]:
    """The memory once the authorizer and `jobs` have ended because nobody called, and a first call that starts both."""
    emulator = psutil.Process(pids["emulator"])
    began = time.monotonic()
    while any(name in _command(child) for child in emulator.children() for name in COLD):
        time.sleep(1)
    pause_s = time.monotonic() - began
    return {"after_s": round(pause_s), "memory_mb": memory_mb(pids), "jobs_ms": round(_call_ms(http, "jobs"))}


def _call_ms(http: httpx.Client, route: str) -> float:
    began = time.perf_counter()
    http.get(route).raise_for_status()
    return (time.perf_counter() - began) * 1000


def _command(process: psutil.Process) -> str:
    return " ".join(process.as_dict(["cmdline"])["cmdline"] or [])  # none of one that has just ended


def memory_mb(pids: Mapping[str, int]) -> dict[str, int]:
    """By process of the stack, its children with it; the emulator's children are its functions."""
    found, functions = {}, []
    for name, pid in pids.items():
        process = psutil.Process(pid)
        children = [] if name == "starter" else process.children(recursive=True)
        if name == "emulator":
            functions, children = children, []
        found[name] = sum(map(_pss_mb, (process, *children)))
    found[f"{len(functions)} functions"] = sum(map(_pss_mb, functions))
    return {**found, "all": sum(found.values())}


def _pss_mb(process: psutil.Process) -> int:
    return round(process.memory_full_info().pss / 2**20)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.laptop", description=__doc__)
    parser.add_argument("--idle", type=int, default=0, help="pauses too, each until functions end: 5 minutes")
    chosen, stack = running.parse(parser, arguments)
    pids = {"starter": stack.facts.pid, **stack.facts.pids}
    found: dict[str, Any] = {"machine": machine.facts(), "memory_mb": memory_mb(pids)}
    with httpx.Client(base_url=stack.api_url + "/", timeout=60) as http:
        token = http.post("auth/sign-in", json=stack.sign_in).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        found["api"] = {route: latency(http, route) for route in ROUTES}
        over = [overhead_s(http) for _ in range(JOBS)]
        found["overhead_s"] = {"median": round(statistics.median(over), 2), "all": [round(one, 2) for one in over]}
        found["idle"] = [idle(http, pids) for _ in range(chosen.idle)]
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
