"""Jobs in memory, under the same conditions as in the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ulid import ULID

from sotto.domain.errors import IdempotencyKeyReused, NotFound, WrongState
from sotto.domain.idempotency import Once
from sotto.domain.job import FINAL, Ahead, Job, JobStatus, sources_of
from sotto.domain.metering import SPEED_DAYS, Speed, Work
from sotto.domain.outbox import OutboxEvent, job_event
from sotto.domain.parts import Claim, PartState
from sotto.domain.receipts import RowCount
from sotto.domain.versions import Version
from tests.fakes.receipts import InMemoryReceipts


@dataclass
class _Row:
    worker: str
    lease_until: str | None
    seconds_done: float = 0.0
    finished: bool = False


class InMemoryJobs:
    """Implements workflows.ports.Jobs."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Job] = {}
        self.due_at: dict[tuple[str, str], str] = {}
        self.part_rows: dict[tuple[str, str, int, int], _Row] = {}
        self.version_rows: dict[tuple[str, str, int, int], Version] = {}
        self.charged: set[tuple[str, str, int]] = set()
        self.events: list[OutboxEvent] = []
        self.meter: dict[tuple[str, str, str], tuple[float, float]] = {}
        self.speeds: dict[tuple[str, str], tuple[float, float]] = {}
        self.onces: dict[tuple[str, str], tuple[Once, str | None]] = {}
        self.receipts = InMemoryReceipts()

    def create(self, job: Job, *, due_at: str, once: Once | None = None) -> Job:
        if once and (first := self.made_by(job.owner, once)):
            return first
        if (job.owner, job.id) in self.rows or self.receipts.find(job.owner, job.id):
            raise WrongState("taken")
        self._remember(job, once)
        self.rows[job.owner, job.id] = job
        self.due_at[job.owner, job.id] = due_at
        return job

    def made_by(self, owner: str, once: Once) -> Job | None:
        if not self._lives(owner, once):
            return None
        before, job_id = self.onces[owner, once.key]
        if before.asked != once.asked:
            raise IdempotencyKeyReused("another request")
        return self.get(owner, job_id) if job_id else None

    def claim(self, owner: str, once: Once) -> None:
        if self.made_by(owner, once) is None and not self._lives(owner, once):
            self.onces[owner, once.key] = once, None

    def _lives(self, owner: str, once: Once) -> bool:
        if (owner, once.key) not in self.onces:
            return False
        before, _ = self.onces[owner, once.key]
        return datetime.fromisoformat(once.at) - datetime.fromisoformat(before.at) < timedelta(days=1)

    def _remember(self, job: Job, once: Once | None) -> None:
        if once:
            self.onces[job.owner, once.key] = once, job.id

    def get(self, owner: str, job_id: str) -> Job:
        try:
            return self.rows[owner, job_id]
        except KeyError:
            raise NotFound("no such job") from None

    def newest(self, owner: str, *, below: str = "~", oldest: str = "", limit: int) -> Sequence[Job]:
        mine = (job for (who, _), job in self.rows.items() if who == owner and oldest <= job.id < below)
        return sorted(mine, key=lambda job: job.id, reverse=True)[:limit]

    def label(self, owner: str, job_id: str, **changes: object) -> Job:
        self.rows[owner, job_id] = replace(self.get(owner, job_id), **changes)  # type: ignore[arg-type]
        return self.rows[owner, job_id]

    def move(self, job: Job, target: JobStatus, *, due_at: str | None = None, **changes: object) -> Job:
        stored = self._same_attempt(job)
        if stored.status not in sources_of(target):
            raise WrongState(f"found {stored.status}")
        moved = job.moved(target, **changes)
        self.rows[job.owner, job.id] = replace(stored, status=target, **changes)  # type: ignore[arg-type]
        if due_at is None:
            self.due_at.pop((job.owner, job.id), None)
        else:
            self.due_at[job.owner, job.id] = due_at
        if target in FINAL:
            now = datetime.now(UTC)
            self.events.append(job_event(moved, str(ULID.from_datetime(now)), now))
        return moved

    def restart(self, job: Job, *, due_at: str, once: Once | None = None, **changes: object) -> Job:
        if once and (first := self.made_by(job.owner, once)):
            return first
        stored = self._same_attempt(job)
        if stored.status is not job.status:
            raise WrongState(f"found {stored.status}")
        again = stored.moved(JobStatus.AWAITING_UPLOAD, attempt=job.attempt + 1, **changes)
        self._remember(job, once)
        self.rows[job.owner, job.id] = again
        self.due_at[job.owner, job.id] = due_at
        return again

    def decide_language(self, job: Job, language: str, probability: float) -> tuple[str, float | None]:
        stored = self._same_attempt(job)
        if stored.language is None:
            stored = replace(stored, language=language, language_probability=probability)
            self.rows[job.owner, job.id] = stored
        assert stored.language is not None
        return stored.language, stored.language_probability

    def postpone(self, job: Job, due_at: str) -> None:
        self._same_attempt(job)
        if (job.owner, job.id) not in self.due_at:
            raise WrongState("not on the list")
        self.due_at[job.owner, job.id] = due_at

    def due(self, now: str, *, limit: int) -> Sequence[Job]:
        late = sorted((at, key) for key, at in self.due_at.items() if at <= now)
        return [self.rows[key] for _, key in late[:limit]]

    def count_rows(self, owner: str, job_id: str) -> RowCount:
        mine = (owner, job_id)
        there = 1 if mine in self.rows else 0
        parts, versions, charges = (
            sum(key[:2] == mine for key in rows) for rows in (self.part_rows, self.version_rows, self.charged)
        )
        return RowCount(jobs=there, parts=parts, versions=versions, holds=there, charges=charges)

    def delete(self, owner: str, job_id: str) -> None:
        mine = (owner, job_id)
        self.part_rows = {key: row for key, row in self.part_rows.items() if key[:2] != mine}
        self.version_rows = {key: row for key, row in self.version_rows.items() if key[:2] != mine}
        self.charged = {key for key in self.charged if key[:2] != mine}
        self.due_at.pop(mine, None)
        self.rows.pop(mine, None)

    def claim_part(self, job: Job, index: int, *, worker: str, now: str, lease_until: str) -> Claim:
        row = self.part_rows.get(self._part(job, index))
        if row and row.finished:
            return Claim.DONE
        if row and row.lease_until and row.lease_until > now:
            return Claim.HELD
        self.part_rows[self._part(job, index)] = _Row(worker, lease_until)
        return Claim.GRANTED

    def extend_lease(self, job: Job, index: int, *, worker: str, lease_until: str, seconds_done: float) -> bool:
        row = self._held(job, index, worker)
        if row is None:
            return False
        row.lease_until, row.seconds_done = lease_until, seconds_done
        stored = self.rows.get((job.owner, job.id))
        running = (JobStatus.QUEUED, JobStatus.PROCESSING)
        return stored is not None and stored.attempt == job.attempt and stored.status in running

    def release_part(self, job: Job, index: int, *, worker: str) -> None:
        row = self._held(job, index, worker)
        if row:
            row.lease_until, row.seconds_done = None, 0.0

    def finish_part(self, job: Job, index: int, *, worker: str, seconds: float, work: Work, due_at: str) -> Job:
        row = self._held(job, index, worker)
        stored = self._same_attempt(job)
        if row is None or stored.status is not JobStatus.PROCESSING:
            raise WrongState("not this worker's, or not running")
        row.finished, row.lease_until, row.seconds_done = True, None, seconds
        done = stored.progress
        progress = replace(done, parts_done=done.parts_done + 1, seconds_done=done.seconds_done + seconds)
        self.rows[job.owner, job.id] = replace(stored, progress=progress, engine_s=stored.engine_s + work.engine_s)
        _add(self.meter, (job.owner, work.day, job.credential), seconds, work)
        _add(self.speeds, (job.options.model, work.day), seconds, work)
        self.due_at[job.owner, job.id] = due_at
        return self.rows[job.owner, job.id]

    def spend(self, job: Job, work: Work) -> None:
        _add(self.meter, (job.owner, work.day, job.credential), 0.0, work)
        if stored := self.rows.get((job.owner, job.id)):
            self.rows[job.owner, job.id] = replace(stored, engine_s=stored.engine_s + work.engine_s)

    def speed(self, model: str, day: str) -> Speed | None:
        first = (date.fromisoformat(day) - timedelta(days=SPEED_DAYS - 1)).isoformat()
        found = [sums for (which, when), sums in self.speeds.items() if which == model and first <= when <= day]
        speed = Speed(sum(audio for audio, _ in found), sum(engine for _, engine in found))
        return speed if speed.audio_s > 0 and speed.engine_s > 0 else None

    def ahead_of(self, job: Job, *, limit: int) -> Sequence[Ahead]:
        waiting = (JobStatus.QUEUED, JobStatus.PROCESSING)
        ahead = [
            one
            for one in self.rows.values()
            if one.status in waiting and one.lane is job.lane and _place(one) < _place(job) and one.facts
        ]
        return [Ahead(one.facts.duration_s, one.options.model) for one in ahead if one.facts][:limit]

    def parts(self, job: Job) -> Sequence[PartState]:
        prefix = (job.owner, job.id, job.attempt)
        rows = sorted((key[3], row) for key, row in self.part_rows.items() if key[:3] == prefix)
        return [PartState(index, row.finished, row.seconds_done, row.lease_until) for index, row in rows]

    def _held(self, job: Job, index: int, worker: str) -> _Row | None:
        row = self.part_rows.get(self._part(job, index))
        return row if row and row.worker == worker and not row.finished else None

    def _same_attempt(self, job: Job) -> Job:
        stored = self.get(job.owner, job.id)
        if stored.attempt != job.attempt:
            raise WrongState("another attempt")
        return stored

    @staticmethod
    def _part(job: Job, index: int) -> tuple[str, str, int, int]:
        return job.owner, job.id, job.attempt, index


def _place(job: Job) -> tuple[str, str]:
    return job.timings.queued_at or "", job.id


def _add(sums: dict[Any, tuple[float, float]], key: Any, audio_s: float, work: Work) -> None:
    audio, engine = sums.get(key, (0.0, 0.0))
    sums[key] = audio + audio_s, engine + work.engine_s
