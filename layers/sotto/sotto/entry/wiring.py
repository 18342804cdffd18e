"""Which adapter stands behind which port, a function a process.

Imports are inside the functions, so that each process loads only what it uses: the API functions never import the
engine, and intake alone imports PyAV.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.s3_objects import S3Objects
from sotto.adapters.sqs_queues import SqsArrivals, SqsFetches, SqsParts
from sotto.adapters.sqs_retries import SqsRetries
from sotto.domain.parts import Lane
from sotto.domain.quotas import Quotas
from sotto.entry import aws
from sotto.entry.settings import (
    IntakeSettings,
    JobSettings,
    QueueSettings,
    ReconcileSettings,
    RetrySettings,
    StoreSettings,
    TranscribeSettings,
)
from sotto.workflows.join_transcript import JoinTranscript
from sotto.workflows.plan_recording import PartPlans

if TYPE_CHECKING:
    from sotto.entry.part_worker import PartWorker
    from sotto.speech.transcriber import Transcriber
    from sotto.workflows.cancel_job import CancelJob
    from sotto.workflows.create_job import CreateJob
    from sotto.workflows.create_jobs import CreateJobs
    from sotto.workflows.delete_own_job import DeleteOwnJob
    from sotto.workflows.fail_job import FailJob
    from sotto.workflows.foresee_job import ForeseeJob
    from sotto.workflows.intake_recording import IntakeRecording
    from sotto.workflows.keep_quotas import KeepQuotas
    from sotto.workflows.label_job import LabelJob
    from sotto.workflows.list_jobs import ListJobs
    from sotto.workflows.quota_ports import Usage
    from sotto.workflows.read_job import ReadJob
    from sotto.workflows.reconcile_jobs import ReconcileJobs
    from sotto.workflows.retry_job import RetryJob
    from sotto.workflows.sweep_deletions import SweepDeletions
    from sotto.workflows.transcribe_part import TranscribePart
    from sotto.workflows.upload_parts import UploadParts


def now() -> datetime:
    return datetime.now(UTC)


@cache
def job_settings() -> JobSettings:
    return JobSettings.from_environment()


@cache
def retry_settings() -> RetrySettings:
    return RetrySettings.from_environment()


def create_job() -> CreateJob:
    from ulid import ULID

    from sotto.workflows.create_job import CreateJob

    settings = job_settings()
    return CreateJob(
        jobs=_jobs(settings, keep_days=settings.transcript_days, audio_days=settings.audio_days),
        objects=_objects(settings),
        clock=now,
        new_id=lambda: str(ULID()),
        offered_models=settings.offered_models,
        max_upload_bytes=settings.max_upload_bytes,
        upload_ttl_s=settings.upload_ttl_s,
        quotas=_quotas(settings, settings.quotas),
    )


def upload_parts() -> UploadParts:
    from sotto.workflows.upload_parts import UploadParts

    settings = job_settings()
    return UploadParts(_jobs(settings), _objects(settings), settings.upload_ttl_s)


def read_job() -> ReadJob:
    from sotto.workflows.read_job import ReadJob

    settings = job_settings()
    return ReadJob(_jobs(settings), _objects(settings), now)


def create_jobs() -> CreateJobs:
    from sotto.workflows.create_jobs import CreateJobs

    return CreateJobs(create_job())


def list_jobs() -> ListJobs:
    from sotto.workflows.list_jobs import ListJobs

    return ListJobs(_jobs(job_settings()))


def label_job() -> LabelJob:
    from sotto.workflows.label_job import LabelJob

    return LabelJob(_jobs(job_settings()))


def foresee_job() -> ForeseeJob:
    from sotto.workflows.foresee_job import ForeseeJob

    settings = retry_settings()
    workers = {Lane.FAST: settings.fast_lane_workers, Lane.BULK: settings.bulk_lane_workers}
    return ForeseeJob(_jobs(settings), now, workers, settings.price_per_engine_s)


def usage() -> Usage:
    from sotto.adapters.dynamo_usage import DynamoUsage

    return DynamoUsage(aws.dynamodb(), job_settings().table)


def cancel_job() -> CancelJob:
    from sotto.workflows.cancel_job import CancelJob

    settings = job_settings()
    return CancelJob(_jobs(settings), _objects(settings), now)


def retry_job() -> RetryJob:
    from sotto.workflows.retry_job import RetryJob

    settings = retry_settings()
    arrivals = SqsArrivals(aws.sqs(), settings.arrived_queue_url, settings.bucket)
    jobs = _jobs(settings, audio_days=settings.audio_days)
    fetches = SqsFetches(aws.sqs(), settings.fetch_queue_url)
    return RetryJob(jobs, arrivals, fetches, now, settings.offered_models, _quotas(settings, settings.quotas))


def delete_own_job() -> DeleteOwnJob:
    from ulid import ULID

    from sotto.adapters.dynamo_audit import DynamoAudit
    from sotto.entry.receipt_wiring import delete_job, receipts
    from sotto.workflows.delete_own_job import DeleteOwnJob
    from sotto.workflows.record_audit import RecordAudit

    settings = retry_settings()
    trail = DynamoAudit(aws.dynamodb(), settings.table, settings.audit_days)
    audit = RecordAudit(trail, now, lambda: str(ULID()))
    return DeleteOwnJob(_jobs(settings), receipts(settings), delete_job(settings), audit)


def receipt_keys() -> list[dict[str, str]]:
    """The public keys of deletion receipts, as JWKs."""
    from sotto.entry.receipt_wiring import receipt_signer

    return [dict(key) for key in receipt_signer(retry_settings().receipt_key).keys()]  # noqa: SIM118 - not a mapping


@cache
def intake_recording() -> IntakeRecording:
    from sotto.adapters.av_probe import probe
    from sotto.workflows.intake_recording import IntakeRecording

    settings = IntakeSettings.from_environment()
    return IntakeRecording(
        jobs=_jobs(settings),
        objects=_objects(settings),
        probe=probe,
        plans=_plans(settings, settings.fast_lane_s),
        clock=now,
        max_upload_bytes=settings.max_upload_bytes,
        max_recording_s=settings.max_recording_s,
        part_s=settings.part_s,
        quotas=_quotas(settings, Quotas(minutes_a_month=settings.quota_minutes_a_month)),
    )


@cache
def fail_job() -> FailJob:
    from sotto.workflows.fail_job import FailJob

    return FailJob(_jobs(StoreSettings.from_environment()), now)


@cache
def reconcile_settings() -> ReconcileSettings:
    return ReconcileSettings.from_environment()


@cache
def sweep_deletions() -> SweepDeletions:
    from sotto.entry import receipt_wiring

    return receipt_wiring.sweep_deletions(reconcile_settings())


@cache
def reconcile_jobs() -> ReconcileJobs:
    from sotto.workflows.reconcile_jobs import ReconcileJobs

    settings = reconcile_settings()
    jobs, objects = _jobs(settings), _objects(settings)
    return ReconcileJobs(
        jobs=jobs,
        objects=objects,
        plans=_plans(settings, settings.fast_lane_s),
        arrivals=SqsArrivals(aws.sqs(), settings.arrived_queue_url, settings.bucket),
        fetches=SqsFetches(aws.sqs(), settings.fetch_queue_url),
        join=JoinTranscript(jobs, objects, now),
        clock=now,
    )


def _jobs(settings: StoreSettings, keep_days: int = 365, audio_days: int = 30) -> DynamoJobs:
    return DynamoJobs(aws.dynamodb(), settings.table, keep_days=keep_days, audio_days=audio_days)


def _quotas(settings: StoreSettings, quotas: Quotas) -> KeepQuotas:
    from sotto.adapters.dynamo_usage import DynamoUsage
    from sotto.workflows.keep_quotas import KeepQuotas

    return KeepQuotas(DynamoUsage(aws.dynamodb(), settings.table), quotas, now)


def _objects(settings: StoreSettings) -> S3Objects:
    return S3Objects(aws.s3(), settings.bucket)


def _plans(settings: QueueSettings, fast_lane_s: float) -> PartPlans:
    urls = {Lane.FAST: settings.fast_queue_url, Lane.BULK: settings.bulk_queue_url}
    return PartPlans(_objects(settings), SqsParts(aws.sqs(), urls), settings.bucket, fast_lane_s)


@cache
def transcribe_part() -> TranscribePart:
    from sotto.workflows.transcribe_part import TranscribePart

    settings = transcribe_settings()
    jobs, objects = _jobs(settings), _objects(settings)
    return TranscribePart(
        jobs=jobs,
        objects=objects,
        speech=speech(),
        clock=now,
        join=JoinTranscript(jobs, objects, now),
        new_worker=lambda: uuid.uuid4().hex,
        lease_s=settings.lease_s,
    )


@cache
def speech() -> Transcriber:
    from sotto.speech.loading import ModelLoader
    from sotto.speech.model_sources import from_bucket, from_hub, from_packages
    from sotto.speech.transcriber import Transcriber

    settings = transcribe_settings()
    return Transcriber(
        ModelLoader(
            settings.model_dir,
            (from_bucket(_objects(settings).download), from_packages, from_hub),
            engine=settings.engine,
            compute_type=settings.compute_type,
            threads=settings.threads,
            at_once=settings.concurrency,
        )
    )


@cache
def transcribe_settings() -> TranscribeSettings:
    return TranscribeSettings.from_environment()


@cache
def part_worker() -> PartWorker:
    from sotto.entry.part_worker import PartWorker
    from sotto.entry.telemetry import make_logger

    return PartWorker(
        transcribe=transcribe_part,
        load_model=lambda: speech().load(transcribe_settings().default_model).engine.facts,
        places=lambda: transcribe_settings().concurrency,
        logger=make_logger("transcribe"),
    )


@cache
def retries() -> SqsRetries:
    return SqsRetries(aws.sqs())
