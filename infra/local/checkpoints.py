"""Runs inside the emulator's environment: starts MiniStack, writes its state to disk while it works, mends it at start.

MiniStack saves its state when it is asked to stop, so a `kill -9` or a power cut would take every job since the start
with it. Promise 1 says that nothing is lost, on a laptop too: this launcher saves the services that change while
Sotto works a moment after each request, and all services when the starter asks for it (SIGUSR1, after a deployment).

The cost is bounded: saving takes at most a twentieth of the time, so a big state is saved less often. A crash loses
what happened since the last save, a quarter of a second as a rule. Queues are saved before tables, so a crash may
repeat a message and never lose one whose effects are kept. Objects are on disk at once; for those that came last, the
starter announces the arrival again (arrivals.py).

It uses a few names inside MiniStack, which is why emulator-requirements.txt pins the exact version. Started as a
script by the emulator's interpreter, so it may import nothing of Sotto.
"""

# ruff: noqa: SLF001 - reaching into the pinned MiniStack is what this file is for

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import lambda_svc, sqs

CHANGING = ("sqs", "dynamodb", "s3", "secretsmanager", "kms")
"""State keys that change while jobs run, in the order in which they are saved. The others (functions with their code,
APIs, roles) change by deployment."""
INTERVAL_S = float(os.environ.get("SOTTO_CHECKPOINT_S", "0.25"))
IDLE_S = 2.0
"""Without any request, only what MiniStack's own threads change can be new."""
SHARE_OF_TIME = 1 / 20
READING = ("GET", "HEAD", "OPTIONS")

Services = Mapping[str, Callable[[], Any]]
logger = logging.getLogger("checkpoints")
everything = threading.Event()
touched = threading.Event()
"""A request came that may have changed something."""
loaded = threading.Event()
"""Nothing is saved before the last run's state is there again: it would be replaced by nothing."""
stopped = threading.Event()
writing = threading.Lock()
"""MiniStack's own save at shutdown uses the same temporary file names."""


def save(services: Services, saved: dict[str, int]) -> None:
    """Save the services whose state differs from the last time. `saved` maps service -> hash of what was saved."""
    for name, get_state in services.items():
        try:
            state = get_state()
            fingerprint = hash(json.dumps(state, default=persistence._json_default))
        except RuntimeError as error:  # a request changed a dict while it was copied; the next round gets it
            logger.debug("checkpoint of %s skipped: %s", name, error)
            continue
        if state is not None and saved.get(name) != fingerprint:
            persistence.save_state(name, state)
            saved[name] = fingerprint


def save_forever() -> None:
    saved: dict[str, int] = {}
    pause = INTERVAL_S
    loaded.wait()
    while True:
        if not everything.wait(pause):
            touched.wait(max(0.0, IDLE_S - pause))
        touched.clear()
        if asked := everything.is_set():
            everything.clear()
        began = time.monotonic()
        with writing:
            if stopped.is_set():
                return
            services: Services = app._build_persistence_save_dict()
            save(
                {name: services[name] for name in (*CHANGING, *(services if asked else ())) if name in services}, saved
            )
        pause = max(INTERVAL_S, (time.monotonic() - began) / SHARE_OF_TIME)


def keep_queue_urls() -> None:
    """Name queues after a fixed port, whatever port we listen on.

    MiniStack keys its queues by URL, so a stack that comes back on another port could not be updated any more. Callers
    see the port that they use; the SDK takes a queue's URL as a name only.
    """
    sqs.DEFAULT_PORT = "4566"
    sqs._CANONICAL_NETLOC = f"{sqs.DEFAULT_HOST}:{sqs.DEFAULT_PORT}"


def repair() -> None:
    """Mend what a restart leaves wrong, after the state is loaded.

    Stream records are not kept but the positions of their readers are, so the next records would be skipped. A function
    that was saved right after its deployment stays pending, and a pending one is not invoked. And a message that a
    function was working on stays hidden for the queue's time-out, half an hour, though its function died with us.
    Messages of queues that processes read themselves are left to them.
    """
    for function in lambda_svc._functions.all_values():
        for record in (function, *function.get("versions", {}).values()):
            if record.get("config", {}).get("State") == "Pending":
                record["config"] |= {"State": "Active", "LastUpdateStatus": "Successful"}
    for account, region, mapping in [key for key, _ in lambda_svc._dynamodb_stream_positions.all_items()]:
        lambda_svc._dynamodb_stream_positions.set_scoped(account, region, mapping, 0)
    read_by_functions = {mapping["EventSourceArn"] for mapping in lambda_svc._esms.all_values()}
    for queue in sqs._queues.all_values():
        if queue["attributes"].get("QueueArn") in read_by_functions:
            for message in queue["messages"]:
                if message["receive_count"]:
                    message["visible_at"] = 0


def main() -> None:
    keep_queue_urls()
    load_all, save_all = app._load_persisted_state, app.save_all

    def load_and_tell() -> None:
        load_all()
        repair()
        loaded.set()

    def save_at_last(services: Services) -> None:
        with writing:
            stopped.set()
            save_all(services)

    serve = app.app

    async def serve_and_tell(scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            await serve(scope, receive, send)
        finally:
            if scope.get("method", "GET") not in READING:
                touched.set()

    app.app = serve_and_tell
    app._load_persisted_state = load_and_tell
    app.save_all = save_at_last
    logging.getLogger("persistence").setLevel(logging.WARNING)  # one line a second would bury the rest
    signal.signal(signal.SIGUSR1, lambda *_: everything.set())
    threading.Thread(target=save_forever, name="checkpoints", daemon=True).start()
    app.main()


if __name__ == "__main__":
    main()
