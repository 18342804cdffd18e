"""Versions in memory, under the same conditions as in the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sotto.domain.errors import VersionConflict, WrongState
from sotto.domain.job import Job, JobStatus
from sotto.domain.versions import Version
from tests.fakes.jobs import InMemoryJobs


class InMemoryVersions:
    """Implements workflows.ports.Versions on the rows of `jobs`."""

    def __init__(self, jobs: InMemoryJobs) -> None:
        self._jobs = jobs

    def add(self, job: Job, version: Version) -> None:
        stored = self._jobs.get(job.owner, job.id)
        if stored.status is not JobStatus.COMPLETED or stored.attempt != job.attempt:
            raise WrongState(f"found {stored.status}")
        if stored.transcript_version != version.number - 1:
            raise VersionConflict(f"found {stored.transcript_version}")
        self._jobs.rows[job.owner, job.id] = replace(
            stored, transcript_version=version.number, transcript_key=version.key
        )
        self._jobs.version_rows[job.owner, job.id, job.attempt, version.number] = version

    def find(self, job: Job, number: int) -> Version | None:
        return self._jobs.version_rows.get((job.owner, job.id, job.attempt, number))

    def all_of(self, job: Job) -> Sequence[Version]:
        mine = (job.owner, job.id, job.attempt)
        return [version for key, version in sorted(self._jobs.version_rows.items()) if key[:3] == mine]
