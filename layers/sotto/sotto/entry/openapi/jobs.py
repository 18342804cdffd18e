"""The routes of functions/jobs."""

from __future__ import annotations

from sotto.domain.errors import IdempotencyKeyReused, QueueUnavailable, ReceiptInvalid, WrongState
from sotto.entry.job_shapes import (
    JobAnswer,
    LabelsRequest,
    ModelsAnswer,
    RecordingAnswer,
    RetryRequest,
)
from sotto.entry.list_shapes import JobsAnswer, JobsQuery
from sotto.entry.openapi.route import ONCE, Door, Route
from sotto.entry.receipt_shapes import ReceiptAnswer, ReceiptKeysAnswer, VerifiedAnswer, VerifyRequest
from sotto.entry.usage_shapes import EstimateAnswer, EstimateRequest, StatusAnswer, UsageAnswer, UsageQuery

JOBS = Door(
    "jobs",
    "Jobs",
    "One recording on its way to one transcript.",
    (
        Route(
            "GET",
            "/jobs",
            "list_jobs",
            "One page of the caller's jobs, newest first.",
            {200: JobsAnswer},
            query=JobsQuery,
        ),
        Route(
            "GET",
            "/jobs/{job_id}",
            "get_job",
            "One job with its progress, its place in the queue and its costs.",
            {200: StatusAnswer},
            tagged=True,
        ),
        Route(
            "PATCH",
            "/jobs/{job_id}",
            "label_job",
            "Change a job's title or tags.",
            {200: JobAnswer},
            body=LabelsRequest,
        ),
        Route(
            "POST",
            "/jobs/{job_id}/cancel",
            "cancel_job",
            "Stop a job; its workers notice within seconds.",
            {200: JobAnswer},
            errors=(WrongState,),
        ),
        Route(
            "POST",
            "/jobs/{job_id}/retry",
            "retry_job",
            "Transcribe an ended job's recording again, with the same or other options.",
            {202: JobAnswer},
            body=RetryRequest,
            headers=ONCE,
            errors=(WrongState, QueueUnavailable, IdempotencyKeyReused),
        ),
        Route(
            "DELETE",
            "/jobs/{job_id}",
            "delete_job",
            "Delete a job and all that belongs to it; the answer is a signed receipt.",
            {200: ReceiptAnswer},
        ),
        Route(
            "GET",
            "/receipts/keys",
            "list_receipt_keys",
            "The public keys that verify deletion receipts.",
            {200: ReceiptKeysAnswer},
        ),
        Route(
            "POST",
            "/receipts/verify",
            "verify_receipt",
            "Whether a deletion receipt is one that this service signed, as it is.",
            {200: VerifiedAnswer},
            body=VerifyRequest,
            errors=(ReceiptInvalid,),
        ),
        Route(
            "GET",
            "/jobs/{job_id}/recording",
            "get_recording",
            "A short-lived URL that plays the recording.",
            {200: RecordingAnswer},
        ),
        Route(
            "POST",
            "/estimates",
            "estimate_job",
            "What a recording of some length will probably take, by the model's measured speed.",
            {200: EstimateAnswer},
            body=EstimateRequest,
        ),
        Route(
            "GET",
            "/usage",
            "show_usage",
            "The caller's measured work of a month, by day and key.",
            {200: UsageAnswer},
            query=UsageQuery,
        ),
        Route(
            "GET",
            "/models",
            "list_models",
            "The models that this service offers, and the languages that Whisper knows.",
            {200: ModelsAnswer},
            tagged=True,
        ),
    ),
)
