"""The routes of functions/uploads."""

from __future__ import annotations

from sotto.domain.errors import DiskFull, IdempotencyKeyReused, RecordingEmpty, RecordingTooLarge, WrongState
from sotto.entry.batch_shapes import BatchAnswer, BatchRequest
from sotto.entry.job_shapes import (
    AcceptedAnswer,
    CompleteRequest,
    JobAnswer,
    JobRequest,
    SignedParts,
    SignRequest,
    UploadedParts,
)
from sotto.entry.openapi.route import JSON, ONCE, Door, Reply, Route

UPLOADS = Door(
    "uploads",
    "Uploads",
    "How a recording gets to the service: a job, then its upload, in one piece or in parts.",
    (
        Route(
            "POST",
            "/jobs",
            "create_job",
            "Accept a job and sign its upload, or fetch its recording.",
            {201: Reply("The job, and where to upload.", {JSON: AcceptedAnswer}, {"Location": "path of the job"})},
            body=JobRequest,
            headers=ONCE,
            errors=(RecordingEmpty, RecordingTooLarge, DiskFull, IdempotencyKeyReused),
        ),
        Route(
            "POST",
            "/jobs/batch",
            "create_jobs",
            "Accept many jobs, each by itself, and sign their uploads.",
            {200: BatchAnswer},
            body=BatchRequest,
            headers=ONCE,
            errors=(DiskFull, IdempotencyKeyReused),
        ),
        Route(
            "POST",
            "/jobs/{job_id}/upload/parts",
            "sign_parts",
            "Sign parts of a multipart upload.",
            {200: SignedParts},
            body=SignRequest,
            errors=(WrongState,),
        ),
        Route(
            "GET",
            "/jobs/{job_id}/upload/parts",
            "list_parts",
            "List the parts that have arrived.",
            {200: UploadedParts},
            errors=(WrongState,),
        ),
        Route(
            "POST",
            "/jobs/{job_id}/upload/complete",
            "complete_upload",
            "Join the parts, which starts the job.",
            {200: JobAnswer},
            body=CompleteRequest,
            errors=(WrongState,),
        ),
        Route(
            "DELETE",
            "/jobs/{job_id}/upload",
            "abort_upload",
            "Give the upload up.",
            {204: None},
            errors=(WrongState,),
        ),
    ),
)
