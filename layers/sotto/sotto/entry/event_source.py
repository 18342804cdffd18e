"""Turns the messages of both lanes into CloudEvents for the transcribe container beside it: `python -m` this module.

On AWS Lambda an event source mapping does this, on Knative an IntegrationSource. On a laptop and on an ECS host with a
GPU it is this process. What the container answers decides what becomes of the message:

    2xx            delete it
    4xx            Rejected: move it to the dead-letter queue with the reason
    408, 425, 429  and everything else, or no answer: hide it for a while (domain/retries.py, and at least Retry-After),
                   then it comes again, until the queue's own redrive policy has had enough

A slot takes one message at a time and waits for the answer. Each lane has its own slots, so a short recording never
waits behind a long one. No slot takes a message while the container is not ready: each delivery counts against the
redrive policy, and a container that starts has done nothing wrong. One thread keeps all messages in flight hidden.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus

from aws_lambda_powertools import Logger

from sotto.adapters.http_worker import Answer, HttpWorker
from sotto.adapters.sqs_deliveries import Delivery, SqsDeliveries
from sotto.domain.errors import Failure, InvalidInput, Unavailable
from sotto.domain.events import PartQueued
from sotto.domain.retries import retry_delay_s
from sotto.entry.part_events import part_of_message

TRY_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
NOT_READY_PAUSE_S = 0.5
QUEUE_DOWN_PAUSE_S = 1.0


class EventSource:
    """`lanes` maps a lane's name to its queue and its number of slots."""

    def __init__(
        self,
        lanes: Mapping[str, tuple[SqsDeliveries, int]],
        worker: HttpWorker,
        *,
        wait_s: int,
        hidden_s: int,
        logger: Logger,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._worker, self._wait_s, self._hidden_s = worker, wait_s, hidden_s
        self._logger, self._chance = logger, chance
        self._stop = threading.Event()
        self._in_flight: dict[str, tuple[SqsDeliveries, Delivery]] = {}
        self._lock = threading.Lock()
        self._slots = [
            threading.Thread(target=self._slot, args=(name, queue), name=f"{name}-{i}", daemon=True)
            for name, (queue, slots) in lanes.items()
            for i in range(slots)
        ]

    def start(self) -> None:
        for slot in self._slots:
            slot.start()
        threading.Thread(target=self._keep_hidden, name="heartbeat", daemon=True).start()

    def stop(self, drain_s: float) -> None:
        """Take nothing more, wait up to `drain_s` for what is in flight, and give the rest back to the queues."""
        self._stop.set()
        deadline = time.monotonic() + drain_s
        for slot in self._slots:
            slot.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            left = list(self._in_flight.values())
        for queue, delivery in left:
            with suppress(Unavailable):  # it comes back by itself, later
                queue.hide(delivery, 0)
        self._logger.info("stopped", given_back=len(left))

    def _slot(self, lane: str, queue: SqsDeliveries) -> None:
        while not self._stop.is_set():
            if not self._worker.is_ready():
                self._stop.wait(NOT_READY_PAUSE_S)
                continue
            try:
                delivery = queue.take(wait_s=self._wait_s, hidden_s=self._hidden_s)
                if delivery is not None:
                    self._handle(lane, queue, delivery)
            except Unavailable as error:
                # Nothing is lost: the message, if there was one, is hidden for a while and comes again.
                self._logger.warning("queue not reached", lane=lane, reason=error.message)
                self._stop.wait(QUEUE_DOWN_PAUSE_S)
            except Exception:  # a slot that ends would halve the lane in silence
                self._logger.exception("unexpected error", lane=lane)
                self._stop.wait(QUEUE_DOWN_PAUSE_S)

    def _handle(self, lane: str, queue: SqsDeliveries, delivery: Delivery) -> None:
        if self._stop.is_set():  # it came while we were told to stop
            queue.hide(delivery, 0)
            return
        try:
            part = part_of_message(delivery.body)
        except InvalidInput as error:
            self._bury(lane, queue, delivery, error.failure)
            return
        with self._lock:
            self._in_flight[delivery.id] = (queue, delivery)
        try:
            answer = self._worker.work(
                delivery.body, event_id=part.id, source=f"sotto:queue:{lane}", sent_ms=delivery.sent_ms
            )
        finally:
            with self._lock:
                self._in_flight.pop(delivery.id, None)
        self._settle(lane, queue, delivery, part, answer)

    def _settle(self, lane: str, queue: SqsDeliveries, delivery: Delivery, part: PartQueued, answer: Answer) -> None:
        if answer.status is not None and answer.status < HTTPStatus.MULTIPLE_CHOICES:
            queue.delete(delivery)
            self._logger.info("part delivered", lane=lane, part_id=part.id, correlation_id=part.request_id)
        elif answer.failure is not None and _is_final(answer):
            self._bury(lane, queue, delivery, answer.failure)
        else:
            delay = retry_delay_s(delivery.received, chance=self._chance(), at_least_s=answer.retry_after_s)
            self._logger.warning(
                "part comes again",
                lane=lane,
                part_id=part.id,
                correlation_id=part.request_id,
                status=answer.status,
                received=delivery.received,
                seconds=delay,
            )
            queue.hide(delivery, delay)

    def _bury(self, lane: str, queue: SqsDeliveries, delivery: Delivery, failure: Failure) -> None:
        queue.bury(delivery, failure)
        self._logger.warning("message is dead", lane=lane, message_id=delivery.id, code=failure.code)

    def _keep_hidden(self) -> None:
        """Hide every message in flight again, well before its time is over."""
        while not self._stop.wait(self._hidden_s / 3):
            with self._lock:
                now = list(self._in_flight.values())
            for queue, delivery in now:
                try:
                    queue.hide(delivery, self._hidden_s)
                except Unavailable as error:  # settled meanwhile, or the next round succeeds
                    self._logger.warning("message not kept hidden", message_id=delivery.id, reason=error.message)


def _is_final(answer: Answer) -> bool:
    status = answer.status or 0
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in TRY_AGAIN


def main() -> None:
    from sotto.entry import aws
    from sotto.entry.settings import EventSourceSettings
    from sotto.entry.telemetry import make_logger

    settings = EventSourceSettings.from_environment()
    lanes = {
        "fast": (SqsDeliveries(aws.sqs(), settings.fast_queue_url), settings.fast_slots),
        "bulk": (SqsDeliveries(aws.sqs(), settings.bulk_queue_url), settings.bulk_slots),
    }
    worker = HttpWorker(
        settings.worker_url,
        part_within_s=settings.part_within_s,
        connections=settings.fast_slots + settings.bulk_slots,
    )
    source = EventSource(
        lanes, worker, wait_s=settings.wait_s, hidden_s=settings.hidden_s, logger=make_logger("event_source")
    )
    asked = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: asked.set())
    source.start()
    asked.wait()
    source.stop(settings.drain_s)


if __name__ == "__main__":
    main()
