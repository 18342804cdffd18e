"""One process's worker: how many parts it takes at once, and what it says about its model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sotto.domain.errors import EngineUnavailable, MisconfiguredSetting, ModelUnavailable, RecordingDamaged
from sotto.domain.events import PartQueued
from sotto.domain.transcript import EngineFacts
from sotto.entry.part_worker import BUSY_RETRY_S, PartWorker
from sotto.entry.telemetry import make_logger

FACTS = EngineFacts(engine="ctranslate2", model="base", model_sha256="ab" * 32, compute_type="int8", version="4.6")
WAIT_S = 10


@pytest.fixture
def part(events: Path) -> PartQueued:
    return PartQueued.model_validate_json((events / "3-part-queued.json").read_text())


def worker(
    transcribe: Callable[[PartQueued], str] = lambda _: "part_done",
    load_model: Callable[[], EngineFacts] = lambda: FACTS,
    places: int = 1,
) -> PartWorker:
    return PartWorker(
        transcribe=lambda: transcribe, load_model=load_model, places=lambda: places, logger=make_logger("transcribe")
    )


def test_the_outcome_is_returned(part: PartQueued) -> None:
    assert worker()(part) == "part_done"


def test_a_part_that_finds_every_place_taken_is_told_so_at_once(part: PartQueued) -> None:
    inside, leave = threading.Event(), threading.Event()

    def wait(_: PartQueued) -> str:
        inside.set()
        assert leave.wait(WAIT_S)
        return "part_done"

    one = worker(transcribe=wait)
    busy = threading.Thread(target=one, args=(part,))
    busy.start()
    try:
        assert inside.wait(WAIT_S)
        with pytest.raises(EngineUnavailable, match="all 1 taken") as caught:
            one(part)
        assert caught.value.retry_after_s == BUSY_RETRY_S
    finally:
        leave.set()
        busy.join(WAIT_S)
    assert one(part) == "part_done"


def test_a_place_is_free_again_after_a_failure(part: PartQueued) -> None:
    def broken(_: PartQueued) -> str:
        raise RecordingDamaged("recording: expected sound, found noise")

    one = worker(transcribe=broken)
    for _ in range(3):
        with pytest.raises(RecordingDamaged):
            one(part)


def test_as_many_parts_as_there_are_places_run_side_by_side(part: PartQueued) -> None:
    together = threading.Barrier(2)

    def meet(_: PartQueued) -> str:
        together.wait(WAIT_S)
        return "part_done"

    one, outcomes = worker(transcribe=meet, places=2), []
    threads = [threading.Thread(target=lambda: outcomes.append(one(part))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert outcomes == ["part_done", "part_done"]


def test_nothing_is_said_about_a_model_before_it_is_loaded() -> None:
    state = worker().readiness
    assert (state.model, state.failure) == (None, None)


def test_a_loaded_model_is_named_with_its_hash_and_loaded_once() -> None:
    loads: list[int] = []

    def load() -> EngineFacts:
        loads.append(1)
        return FACTS

    one = worker(load_model=load)
    one.warm_up_in_background().join(WAIT_S)
    assert one.readiness.model == FACTS
    assert one.warm_up() == one.readiness
    assert len(loads) == 1


def test_a_model_that_cannot_be_loaded_is_tried_again_by_the_next_warm_up() -> None:
    answers = iter([ModelUnavailable("model base: expected its file, found none"), FACTS])

    def load() -> EngineFacts:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    one = worker(load_model=load)
    failure = one.warm_up().failure
    assert failure is not None
    assert failure.code == "model_unavailable"
    assert one.warm_up().model == FACTS


def test_a_worker_that_could_not_load_its_model_keeps_trying_by_itself() -> None:
    answers = iter([ModelUnavailable("bucket: expected an answer, found none")] * 3 + [FACTS])
    waits: list[int] = []

    def load() -> EngineFacts:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def at_once(failures: int) -> float:
        waits.append(failures)
        return 0

    one = worker(load_model=load)
    one.warm_up_in_background(at_once).join(WAIT_S)
    assert one.readiness.model == FACTS
    assert waits == [1, 2, 3]


def test_a_missing_setting_is_readable_in_the_readiness() -> None:
    def load() -> EngineFacts:
        raise MisconfiguredSetting("SOTTO_BUCKET", expected="a bucket", found="nothing", fix="sotto setup")

    failure = worker(load_model=load).warm_up().failure
    assert failure is not None
    assert "SOTTO_BUCKET" in failure.message


def test_a_mistake_of_ours_is_reported_without_its_text() -> None:
    def load() -> EngineFacts:
        raise RuntimeError("/srv/secret/path")

    failure = worker(load_model=load).warm_up().failure
    assert failure is not None
    assert failure.code == "engine_unavailable"
    assert "secret" not in failure.message
