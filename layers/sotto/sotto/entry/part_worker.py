"""One process that transcribes parts: bounded, warmed up before the first part, and able to say if it is ready.

The HTTP server in front has more threads than there are places, so that probes are answered while every place is
taken. A part that finds no place is told so at once (503): the queue is the only place to wait, because only there
another worker can take it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from aws_lambda_powertools import Logger

from sotto.domain.errors import EngineUnavailable, Failure, SottoError
from sotto.domain.events import PartQueued
from sotto.domain.retries import retry_delay_s
from sotto.domain.transcript import EngineFacts
from sotto.entry.memory import give_memory_back

BUSY_RETRY_S = 5


def _growing(failures: int) -> float:
    return retry_delay_s(failures, chance=random.random())  # noqa: S311 - jitter


@dataclass(frozen=True)
class Readiness:
    """`model` once it is loaded; `failure` when loading it failed; neither while it is being loaded."""

    model: EngineFacts | None = None
    failure: Failure | None = None


class PartWorker:
    """Both doors of the container, HTTP and Lambda, call one instance.

    The arguments are factories, called on first use and not at start: a missing setting then fails the request and the
    readiness probe with words, not the process with a stack trace. `places` is how many parts run at once.
    """

    def __init__(
        self,
        *,
        transcribe: Callable[[], Callable[[PartQueued], str]],
        load_model: Callable[[], EngineFacts],
        places: Callable[[], int],
        logger: Logger,
    ) -> None:
        self._transcribe, self._load_model, self._places = transcribe, load_model, places
        self._logger = logger
        self._loading = threading.Lock()
        self._counting = threading.Lock()
        self._taken = 0
        self._readiness = Readiness()

    def __call__(self, part: PartQueued) -> str:
        """Work on the part and return what happened, in a word. Raises Rejected, Unavailable, MisconfiguredSetting."""
        self._take_place()
        try:
            with self._loading:  # a warm-up that is under way: the model is not loaded twice
                work = self._transcribe()
            outcome = work(part)
        finally:
            with self._counting:
                self._taken -= 1
                idle = self._taken == 0
            if idle:
                give_memory_back()
        self._logger.info("part done", part_id=part.id, correlation_id=part.request_id, outcome=outcome)
        return outcome

    def _take_place(self) -> None:
        with self._counting:
            places = self._places()
            if self._taken >= places:
                raise EngineUnavailable(
                    f"worker: expected a free place, found all {places} taken", retry_after_s=BUSY_RETRY_S
                )
            self._taken += 1

    def warm_up(self) -> Readiness:
        """Load the model, once, whoever asks. After a failure the next call tries again."""
        with self._loading:
            if self._readiness.model is None:
                self._readiness = self._loaded()
        return self._readiness

    def _loaded(self) -> Readiness:
        try:
            model = self._load_model()
        except SottoError as error:
            self._logger.exception("model not loaded", code=error.code)
            return Readiness(failure=error.failure)
        except Exception:  # we are in a thread of our own: nobody else would ever hear of it
            self._logger.exception("model not loaded")
            return Readiness(failure=EngineUnavailable("model: expected it to load, found an error").failure)
        give_memory_back()  # the file's numbers before they were made smaller
        self._logger.info("model loaded", model=model.model, sha256=model.model_sha256, engine=model.engine)
        return Readiness(model=model)

    def warm_up_in_background(self, again_in_s: Callable[[int], float] = _growing) -> threading.Thread:
        """Load the model beside the server, and try until it is there: nobody sends parts to who is not ready.

        `again_in_s` says how long to wait after the nth failure.
        """

        def until_loaded() -> None:
            failures = 0
            while self.warm_up().model is None:
                failures += 1
                time.sleep(again_in_s(failures))

        thread = threading.Thread(target=until_loaded, name="warm-up", daemon=True)
        thread.start()
        return thread

    @property
    def readiness(self) -> Readiness:
        """The state now, without waiting for a warm-up that is under way."""
        return self._readiness
