"""The table of moves."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from sotto.domain.errors import Failure, WrongState
from sotto.domain.events import failure_of
from sotto.domain.job import FINAL, MOVES, JobStatus, Progress, Stage, sources_of, stage_of
from tests.examples import NEW, QUEUED


@pytest.mark.parametrize(("source", "target"), list(itertools.product(JobStatus, JobStatus)))
def test_a_job_makes_the_moves_of_the_table_and_no_other(source: JobStatus, target: JobStatus) -> None:
    job = replace(NEW, status=source)
    if target in MOVES[source]:
        assert job.moved(target).status is target
        assert source in sources_of(target)
    else:
        with pytest.raises(WrongState, match=f"expected a job that can become {target}, found {source}"):
            job.moved(target)


def test_an_ended_job_comes_back_only_to_where_its_recording_has_arrived() -> None:
    back = {target for status in FINAL for target in MOVES[status]}
    assert back == {JobStatus.AWAITING_UPLOAD}
    assert MOVES[JobStatus.EXPIRED] == frozenset()  # it never had a recording


@pytest.mark.parametrize(
    ("job", "stage"),
    [
        (NEW, Stage.UPLOADING),
        (QUEUED, Stage.WAITING),
        (replace(QUEUED, status=JobStatus.PROCESSING), Stage.TRANSCRIBING),
        (replace(QUEUED, status=JobStatus.PROCESSING, progress=Progress(500, 500, 2, 2)), Stage.JOINING),
        (replace(QUEUED, status=JobStatus.COMPLETED), Stage.DONE),
        (replace(QUEUED, status=JobStatus.EXPIRED), Stage.DONE),
    ],
)
def test_the_stage_follows_from_the_job(job, stage) -> None:
    assert stage_of(job) is stage


def test_a_dead_message_says_why_or_nothing() -> None:
    assert failure_of({}) is None
    assert failure_of({"error_code": "x"}) is None
    assert failure_of({"error_code": "x", "error_detail": "y", "error_hint": "z"}) == Failure("x", "y", "z")
    said = failure_of({"error_code": "x", "error_detail": "y"})
    assert said is not None
    assert said.hint
