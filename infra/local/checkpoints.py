"""Runs inside the emulator's environment: starts MiniStack, writes its state to disk while it works, mends it at start.

MiniStack saves its state when it is asked to stop, so a `kill -9` or a power cut would take every job since the start
with it. Promise 1 says that nothing is lost, on a laptop too. So this launcher

- journals rows and messages before the request that changed them is answered (journal.py), which costs the same
  however large the tables are,
- saves everything when tables or queues are made or changed, when the starter asks for it (SIGUSR1, after a
  deployment), and when the journal has grown long; the journal begins anew then,
- saves the small services that change while Sotto works a moment after each request.

Objects are on disk at once; the event that one causes is written by a thread a moment later, so the starter announces
the latest arrivals again after a crash (arrivals.py).

It also hands out messages fairly (fair_queues.py), as SQS does, and ends idle functions (idle_functions.py), as Lambda
does; it brings back what a killed one had (killed_functions.py), and refuses what a full disk loses (full_disk.py).

It uses a few names inside MiniStack, which is why emulator-requirements.txt pins the exact version. It
runs under the emulator's interpreter, so it may import nothing of Sotto but these files beside it.
"""

# ruff: noqa: SLF001 - reaching into the pinned MiniStack is what this file is for

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import dynamodb, lambda_svc, sqs

from infra.local import full_disk, idle_functions, killed_functions
from infra.local.fair_queues import Turns
from infra.local.journal import Journal

JOURNALED = ("sqs", "dynamodb")
SMALL = ("s3", "secretsmanager", "kms")
"""State keys that change while jobs run. The others (functions with their code, APIs, roles) change by deployment."""
INTERVAL_S = float(os.environ.get("SOTTO_CHECKPOINT_S", "0.25"))
IDLE_S = 2.0
"""Without any request, only what MiniStack's own threads change can be new."""
LONG_JOURNAL_BYTES = 16 * 1024 * 1024
READING = ("GET", "HEAD", "OPTIONS")
ROWS_AND_MESSAGES = frozenset(
    f"{service}.{call}".encode()
    for service, calls in {
        "DynamoDB_20120810": (
            *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
            *("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "DescribeTable", "ListTables"),
            *("DescribeTimeToLive", "DescribeContinuousBackups"),
        ),
        "AmazonSQS": (
            *("SendMessage", "SendMessageBatch", "DeleteMessage", "DeleteMessageBatch", "ReceiveMessage"),
            *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "GetQueueUrl", "GetQueueAttributes"),
            "ListQueues",
        ),
    }.items()
    for call in calls
)
"""Calls that make and change no table or queue; every other call to these two services may."""
SERVICES = (b"DynamoDB_20120810.", b"AmazonSQS.")

Services = Mapping[str, Callable[[], Any]]
logger = logging.getLogger("checkpoints")
everything = threading.Event()
tables_and_queues = threading.Event()
hurry = threading.Event()
"""One of the two above was set."""
touched = threading.Event()
"""A request came that may have changed something."""
loaded = threading.Event()
"""Nothing is saved before the last run's state is there again: it would be replaced by nothing."""
stopped = threading.Event()
writing = threading.Lock()
"""MiniStack's own save at shutdown uses the same temporary file names."""


def ask(what: threading.Event) -> None:
    what.set()
    hurry.set()


# --- rows and messages: the journal ----------------------------------------------------------------------------------


class Rows:
    """Journals each row as it is stored or removed: the two functions below are the only ones that do."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._set, self._remove = dynamodb._set_item, dynamodb._remove_item

    def watch(self) -> None:
        def set_item(table: dict[str, Any], pk: str, sk: str, item: dict[str, Any]) -> Any:
            old = self._set(table, pk, sk, item)
            self._journal.append(["row", table["TableArn"], pk, sk, item])
            return old

        def remove_item(table: dict[str, Any], pk: str, sk: str) -> Any:
            old = self._remove(table, pk, sk)
            self._journal.append(["row", table["TableArn"], pk, sk, None])
            return old

        dynamodb._set_item, dynamodb._remove_item = set_item, remove_item

    def replay(self, arn: str, pk: str, sk: str, item: dict[str, Any] | None) -> None:
        for table in dynamodb._tables.all_values():
            if table["TableArn"] == arn:
                if item is None:
                    self._remove(table, pk, sk)
                else:
                    self._set(table, pk, sk, item)


class Messages:
    """Journals which messages came to the queues and which went, since the last look.

    How often a message was received is not kept: after a crash it has its tries again.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[tuple[int, str, str], set[str]]] = {}

    def note(self) -> None:
        """Look at every queue, and append what is new. Queues without news cost nothing."""
        with self._lock:
            news = []
            for key, queue in list(sqs._queues._data.items()):
                url, messages = key[2], list(queue["messages"])
                mark = (len(messages), messages[0]["id"], messages[-1]["id"]) if messages else (0, "", "")
                last, known = self._seen.get(url, ((0, "", ""), set()))
                if mark == last:  # messages come at the end, so no change leaves all three alike
                    continue
                present = {message["id"] for message in messages}
                news.append([url, [m for m in messages if m["id"] not in known], sorted(known - present)])
                self._seen[url] = (mark, present)
            if news:
                self._journal.append(["messages", news])

    def replay(self, news: list[tuple[str, list[dict[str, Any]], list[str]]]) -> None:
        queues = {key[2]: queue for key, queue in sqs._queues._data.items()}
        for url, came, went in news:
            if url in queues:
                present = {message["id"] for message in queues[url]["messages"]}
                queues[url]["messages"] += [message for message in came if message["id"] not in present]
                queues[url]["messages"] = [m for m in queues[url]["messages"] if m["id"] not in went]


def replay(journal: Journal, rows: Rows, messages: Messages) -> None:
    for kind, *what in journal.entries():
        (rows.replay if kind == "row" else messages.replay)(*what)
    messages.note()  # so that what is there now is known, and its going will be news


# --- the rest: saved as a whole --------------------------------------------------------------------------------------


def save(services: Services, names: tuple[str, ...], saved: dict[str, int]) -> None:
    """Save those of `names` whose state differs from the last time. `saved` maps service -> hash of what was saved."""
    for name in names:
        if name not in services:
            continue
        state = services[name]()
        fingerprint = hash(json.dumps(state, default=persistence._json_default))
        if state is not None and saved.get(name) != fingerprint:
            persistence.save_state(name, state)
            saved[name] = fingerprint


def save_forever(journal: Journal, messages: Messages) -> None:
    saved: dict[str, int] = {}
    loaded.wait()
    while True:
        if not hurry.wait(INTERVAL_S):
            touched.wait(max(0.0, IDLE_S - INTERVAL_S))
        hurry.clear()
        touched.clear()
        all_of_it, structure = everything.is_set(), tables_and_queues.is_set()
        everything.clear()
        tables_and_queues.clear()
        with writing:
            if stopped.is_set():
                return
            services: Services = app._build_persistence_save_dict()
            try:
                messages.note()
                if all_of_it or structure or journal.size > LONG_JOURNAL_BYTES:
                    earlier = journal.rotate()
                    save(services, JOURNALED, {})
                    for path in earlier:
                        path.unlink()
                save(services, SMALL, saved)
                if all_of_it:
                    save(services, tuple(name for name in services if name not in (*JOURNALED, *SMALL)), {})
            except RuntimeError as error:  # a request changed a dict while it was copied; the next round gets it
                logger.debug("checkpoint put off: %s", error)
                ask(everything if all_of_it else tables_and_queues)


def keep_queue_urls() -> None:
    """Name queues after a fixed port, whatever port we listen on.

    MiniStack keys its queues by URL, so a stack that comes back on another port could not be updated any more. Callers
    see the port that they use; the SDK takes a queue's URL as a name only.
    """
    sqs.DEFAULT_PORT = "4566"
    sqs._CANONICAL_NETLOC = f"{sqs.DEFAULT_HOST}:{sqs.DEFAULT_PORT}"


def share_queues() -> None:
    """Hand out the messages of standard queues by turns of their groups."""
    in_order_of_arrival = sqs._collect_msgs
    turns: defaultdict[str, Turns] = defaultdict(Turns)

    def by_turns(queue: dict[str, Any], most: int, hidden_s: int) -> list[dict[str, Any]]:
        if queue["is_fifo"]:
            return list(in_order_of_arrival(queue, most, hidden_s))
        for message in queue["messages"]:
            sqs._ensure_msg_fields(message)
        on_this = turns[queue["attributes"].get("QueueArn", "")]
        ordered = {**queue, "messages": on_this.order(queue["messages"], time.time())}
        taken = list(in_order_of_arrival(ordered, most, hidden_s))
        on_this.took(taken)
        return taken

    sqs._collect_msgs = by_turns


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
    share_queues()
    journal = Journal(Path(persistence.STATE_DIR))
    rows, messages = Rows(journal), Messages(journal)
    load_all, save_all = app._load_persisted_state, app.save_all

    def load_and_tell() -> None:
        load_all()
        replay(journal, rows, messages)
        rows.watch()
        repair()
        loaded.set()

    def save_at_last(services: Services) -> None:
        with writing:
            stopped.set()
            earlier = journal.rotate()
            save_all(services)
            for path in earlier:
                path.unlink()

    serve = full_disk.refuse(app.app)

    async def serve_and_tell(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope.get("method", "GET") in READING:
            await serve(scope, receive, send)
            return

        async def note_and_send(message: Any) -> None:
            if message["type"] == "http.response.start" and loaded.is_set():
                messages.note()
            await send(message)

        try:
            await serve(scope, receive, note_and_send)
        finally:
            target = dict(scope.get("headers", ())).get(b"x-amz-target", b"")
            if target.startswith(SERVICES) and target not in ROWS_AND_MESSAGES:
                ask(tables_and_queues)
            touched.set()

    app.app = serve_and_tell
    app._load_persisted_state = load_and_tell
    app.save_all = save_at_last
    logging.getLogger("persistence").setLevel(logging.WARNING)  # one line a second would bury the rest
    signal.signal(signal.SIGUSR1, lambda *_: ask(everything))
    threading.Thread(target=save_forever, args=(journal, messages), name="checkpoints", daemon=True).start()
    killed_functions.bring_back()
    idle_functions.start()
    app.main()


if __name__ == "__main__":
    main()
