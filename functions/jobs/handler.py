"""Read, stop, repeat and delete jobs, listen to recordings; deletion receipts; the models."""

from aws_lambda_powertools.event_handler import Response

from sotto.domain.options import Options, check_options
from sotto.domain.signed_receipts import checked
from sotto.entry import wiring
from sotto.entry.admission import admit
from sotto.entry.http import Api, answer
from sotto.entry.job_shapes import (
    JobAnswer,
    JobShape,
    LabelsRequest,
    ModelsAnswer,
    RecordingAnswer,
    RetryRequest,
)
from sotto.entry.list_shapes import JobsAnswer, JobsQuery
from sotto.entry.receipt_shapes import ReceiptAnswer, ReceiptKeysAnswer, VerifiedAnswer, VerifyRequest
from sotto.entry.telemetry import make_logger
from sotto.entry.usage_shapes import EstimateAnswer, EstimateRequest, StatusAnswer, UsageAnswer, UsageQuery

api = Api(make_logger("jobs"), admit)
handler = api.handler


@api.routes.get("/jobs")
def list_jobs() -> Response[str]:
    """One page of the caller's jobs, newest first."""
    owner, query = api.principal().user_id, api.query(JobsQuery)
    page = wiring.list_jobs()(owner, query.filters, limit=query.limit, cursor=query.cursor)
    return answer(JobsAnswer(jobs=[JobShape.of(job) for job in page.jobs], next_cursor=page.cursor))


@api.routes.get("/jobs/<job_id>")
def get_job(job_id: str) -> Response[str]:
    """One job with its progress, its place in the queue and its costs."""
    job, foresee = wiring.read_job().get(api.principal().user_id, job_id), wiring.foresee_job()
    found = StatusAnswer.of(JobShape.of(job), foresee.outlook(job), foresee.cost(job.engine_s))
    return api.tagged(answer(found))


@api.routes.patch("/jobs/<job_id>")
def label_job(job_id: str) -> Response[str]:
    """Change a job's title or tags."""
    owner, request = api.principal().user_id, api.body(LabelsRequest)
    return answer(JobAnswer(job=JobShape.of(wiring.label_job()(owner, job_id, request.changes))))


@api.routes.post("/jobs/<job_id>/cancel")
def cancel_job(job_id: str) -> Response[str]:
    """Stop a job; its workers notice within seconds."""
    return answer(JobAnswer(job=JobShape.of(wiring.cancel_job()(api.principal().user_id, job_id))))


@api.routes.post("/jobs/<job_id>/retry")
def retry_job(job_id: str) -> Response[str]:
    """Transcribe an ended job's recording again, with the same or other options."""
    owner, request = api.principal().user_id, api.body(RetryRequest)
    options = request.to_domain(wiring.read_job().get(owner, job_id).options)
    job = wiring.retry_job()(owner, job_id, options, api.once(request))
    return answer(JobAnswer(job=JobShape.of(job)), status=202)


@api.routes.delete("/jobs/<job_id>")
def delete_job(job_id: str) -> Response[str]:
    """Delete a job and all that belongs to it; the answer is a signed receipt."""
    origin = api.origin(wiring.retry_settings().trusted_proxies)
    return answer(ReceiptAnswer.of(wiring.delete_own_job()(api.principal(), job_id, origin)))


@api.routes.get("/receipts/keys")
def list_receipt_keys() -> Response[str]:
    """The public keys that verify deletion receipts."""
    return answer(ReceiptKeysAnswer(keys=wiring.receipt_keys()), headers={"Cache-Control": "public, max-age=300"})


@api.routes.post("/receipts/verify")
def verify_receipt() -> Response[str]:
    """Whether a deletion receipt is one that this service signed, as it is."""
    document = api.body(VerifyRequest).model_dump()
    return answer(VerifiedAnswer(receipt=checked(document, wiring.receipt_keys())))


@api.routes.get("/jobs/<job_id>/recording")
def get_recording(job_id: str) -> Response[str]:
    """A short-lived URL that plays the recording."""
    url, expires_at = wiring.read_job().recording_url(api.principal().user_id, job_id)
    return answer(RecordingAnswer(url=url, expires_at=expires_at))


@api.routes.post("/estimates")
def estimate_job() -> Response[str]:
    """What a recording of some length will probably take, by the model's measured speed."""
    api.principal()
    request = api.body(EstimateRequest)
    settings = wiring.job_settings()
    model = check_options(Options(model=request.model or settings.default_model), settings.offered_models).model
    estimate = wiring.foresee_job().estimate(model, request.duration_s)
    return answer(EstimateAnswer.of(model, request.duration_s, estimate))


@api.routes.get("/usage")
def show_usage() -> Response[str]:
    """The caller's measured work of a month, by day and key."""
    owner, month = api.principal().user_id, api.query(UsageQuery).month_at(wiring.now())
    days = wiring.usage().days(owner, month)
    return answer(UsageAnswer.of(month, days, wiring.retry_settings().price_per_engine_s))


@api.routes.get("/models")
def list_models() -> Response[str]:
    """The models that this service offers, and the languages that Whisper knows."""
    api.principal()
    settings = wiring.job_settings()
    return api.tagged(answer(ModelsAnswer.of(settings.offered_models, settings.default_model)))
