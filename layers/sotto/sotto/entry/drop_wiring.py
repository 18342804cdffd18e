"""Which adapters stand behind the drop-in: for what arrives, for what ends, and for what could not be taken in."""

from __future__ import annotations

from functools import cache

from sotto.adapters.dynamo_drop_names import DynamoDropNames
from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.s3_drops import S3Drops
from sotto.adapters.s3_objects import S3Objects
from sotto.entry import aws, wiring
from sotto.entry.settings import IntakeSettings, KeepSettings
from sotto.workflows.answer_drop import AnswerDrop
from sotto.workflows.fail_drop import FailDrop
from sotto.workflows.fail_job import FailJob
from sotto.workflows.take_drop import TakeDrop


@cache
def take_drop() -> TakeDrop:
    from sotto.adapters.dynamo_receipts import deletion_exists
    from sotto.adapters.dynamo_usage import DynamoUsage
    from sotto.adapters.dynamo_users import DynamoUsers
    from sotto.workflows.keep_quotas import KeepQuotas

    settings = IntakeSettings.from_environment()
    answer, client = answer_drop(settings), aws.dynamodb()
    return TakeDrop(
        jobs=DynamoJobs(client, settings.table, keep_days=settings.transcript_days, audio_days=settings.audio_days),
        objects=answer.objects,
        drops=answer.drops,
        user=DynamoUsers(client, settings.table).by_id,
        was_deleted=lambda owner, job_id: deletion_exists(client, settings.table, owner, job_id),
        quotas=KeepQuotas(DynamoUsage(client, settings.table), settings.quotas, wiring.now),
        answer=answer,
        clock=wiring.now,
        offered_models=settings.offered_models,
        default_model=settings.default_model,
        max_upload_bytes=settings.max_upload_bytes,
    )


@cache
def fail_drop() -> FailDrop:
    answer = answer_drop(KeepSettings.from_environment())
    return FailDrop(answer.jobs, answer.drops, answer, FailJob(answer.jobs, wiring.now))


def answer_drop(settings: KeepSettings) -> AnswerDrop:
    client = aws.dynamodb()
    return AnswerDrop(
        jobs=DynamoJobs(client, settings.table),
        objects=S3Objects(aws.s3(), settings.bucket),
        drops=S3Drops(aws.s3(), settings.bucket),
        names=DynamoDropNames(client, settings.table, wiring.now, keep_days=settings.audio_days),
    )
