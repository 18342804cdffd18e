"""A job's row: the third shape beside domain/job.py and the API's, mapped by hand so that each can change alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sotto.domain.errors import Failure
from sotto.domain.job import Attempt, DropRef, Job, JobStatus, Progress, RecordingRef, Timings
from sotto.domain.options import Options
from sotto.domain.parts import Lane
from sotto.domain.transcript import RecordingFacts


def job_key(owner: str, job_id: str) -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": f"JOB#{job_id}"}


def part_prefix(job_id: str, attempt: int | None = None) -> str:
    return f"PART#{job_id}#" if attempt is None else f"PART#{job_id}#{attempt}#"


def version_prefix(job_id: str, attempt: int | None = None) -> str:
    return f"VERSION#{job_id}#" if attempt is None else f"VERSION#{job_id}#{attempt}#"


def charge_prefix(job_id: str) -> str:
    """Of the marks that say which attempts were charged (dynamo_usage.py)."""
    return f"CHARGE#{job_id}#"


def part_key(job: Job, index: int) -> dict[str, str]:
    return {"pk": f"USER#{job.owner}", "sk": f"{part_prefix(job.id, job.attempt)}{index:05d}"}


def job_to_row(job: Job) -> dict[str, Any]:
    """All attributes of the job's row, without the reconciler's."""
    return {
        **job_key(job.owner, job.id),
        "owner": job.owner,
        "job_id": job.id,
        "status": job.status.value,
        "attempt": job.attempt,
        "name": job.name,
        "title": job.title,
        "tags": list(job.tags),
        "content_type": job.content_type,
        "sha256": job.sha256,
        "size_bytes": job.size_bytes,
        "options": job.options.model_dump(mode="json", exclude_none=True),
        "timings": asdict(job.timings),
        "request_id": job.request_id,
        "upload_expires_at": job.upload_expires_at,
        "multipart_id": job.multipart_id,
        "recording": asdict(job.recording) if job.recording else None,
        "facts": job.facts.model_dump(mode="json") if job.facts else None,
        "seconds_done": job.progress.seconds_done,
        "seconds_total": job.progress.seconds_total,
        "parts_done": job.progress.parts_done,
        "parts_total": job.progress.parts_total,
        "language": job.language,
        "language_probability": job.language_probability,
        "transcript_key": job.transcript_key,
        "transcript_version": job.transcript_version,
        "failure": asdict(job.failure) if job.failure else None,
        "lane": job.lane.value if job.lane else None,
        "credential": job.credential,
        "engine_s": job.engine_s,
        "warnings": list(job.warnings),
        "history": [_attempt_to_row(attempt) for attempt in job.history],
        "dropped": asdict(job.dropped) if job.dropped else None,
        "source_url": job.source_url,
    }


def _attempt_to_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "status": attempt.status.value,
        "options": attempt.options.model_dump(mode="json", exclude_none=True),
        "timings": asdict(attempt.timings),
        "failure": asdict(attempt.failure) if attempt.failure else None,
        "transcript_key": attempt.transcript_key,
        "transcript_version": attempt.transcript_version,
    }


def _attempt_from_row(row: Mapping[str, Any]) -> Attempt:
    return Attempt(
        number=row["number"],
        status=JobStatus(row["status"]),
        options=Options.model_validate(row["options"]),
        timings=Timings(**row["timings"]),
        failure=Failure(**row["failure"]) if "failure" in row else None,
        transcript_key=row.get("transcript_key"),
        transcript_version=row.get("transcript_version", 1),
    )


def changed_attributes(job: Job, *fields: str) -> dict[str, Any]:
    """The row's attributes behind the named fields of `job`; None stands for one to remove."""
    row = job_to_row(job)
    progress = ("seconds_done", "seconds_total", "parts_done", "parts_total")
    names = [name for field in fields for name in (progress if field == "progress" else (field,))]
    return {name: row[name] for name in names}


def job_from_row(row: Mapping[str, Any]) -> Job:
    return Job(
        owner=row["owner"],
        id=row["job_id"],
        status=JobStatus(row["status"]),
        attempt=row["attempt"],
        name=row["name"],
        title=row.get("title"),
        tags=tuple(row.get("tags", ())),
        content_type=row["content_type"],
        sha256=row.get("sha256"),
        size_bytes=row["size_bytes"],
        options=Options.model_validate(row["options"]),
        timings=Timings(**row["timings"]),
        request_id=row["request_id"],
        upload_expires_at=row["upload_expires_at"],
        multipart_id=row.get("multipart_id"),
        recording=RecordingRef(**row["recording"]) if "recording" in row else None,
        facts=RecordingFacts.model_validate(row["facts"]) if "facts" in row else None,
        progress=Progress(
            seconds_done=row["seconds_done"],
            seconds_total=row["seconds_total"],
            parts_done=row["parts_done"],
            parts_total=row["parts_total"],
        ),
        language=row.get("language"),
        language_probability=row.get("language_probability"),
        transcript_key=row.get("transcript_key"),
        transcript_version=row["transcript_version"],
        failure=Failure(**row["failure"]) if "failure" in row else None,
        lane=Lane(row["lane"]) if "lane" in row else None,
        credential=row.get("credential", "token"),
        engine_s=float(row.get("engine_s", 0)),
        warnings=tuple(row["warnings"]),
        history=tuple(_attempt_from_row(attempt) for attempt in row["history"]),
        dropped=DropRef(**row["dropped"]) if "dropped" in row else None,
        source_url=row.get("source_url"),
    )
