"""POST /v1/jobs and the multipart upload of a job's recording."""

from aws_lambda_powertools.event_handler import Response

from sotto.entry import fetch_wiring, wiring
from sotto.entry.admission import admit
from sotto.entry.batch_shapes import BatchAnswer, BatchRequest
from sotto.entry.http import Api, answer, no_content
from sotto.entry.job_shapes import (
    AcceptedAnswer,
    CompleteRequest,
    JobAnswer,
    JobRequest,
    JobShape,
    SignedPart,
    SignedParts,
    SignRequest,
    UploadedParts,
    UploadedPartShape,
)
from sotto.entry.telemetry import make_logger
from sotto.workflows.create_job import Accepted

api = Api(make_logger("uploads"), admit)
handler = api.handler


@api.routes.post("/jobs")
def create_job() -> Response[str]:
    """Accept a job and sign its upload, or fetch its recording."""
    caller, asked, default_model = api.principal(), api.body(JobRequest), wiring.job_settings().default_model
    if asked.source_url is not None:
        fetch = asked.to_fetch(asked.source_url, default_model, caller.credential)
        job = fetch_wiring.create_fetch()(caller.user_id, fetch, api.request_id, api.once(asked))
        accepted = Accepted(job, None)
    else:
        request = asked.to_domain(default_model, caller.credential)
        accepted = wiring.create_job()(caller.user_id, request, api.request_id, api.once(asked))
    return answer(AcceptedAnswer.of(accepted), status=201, headers={"Location": f"/v1/jobs/{accepted.job.id}"})


@api.routes.post("/jobs/batch")
def create_jobs() -> Response[str]:
    """Accept many jobs, each by itself, and sign their uploads."""
    caller, asked = api.principal(), api.body(BatchRequest)
    model = wiring.job_settings().default_model
    requests = [one.to_domain(model, caller.credential) for one in asked.jobs]
    found = wiring.create_jobs()(caller.user_id, requests, api.request_id, api.once(asked))
    return answer(BatchAnswer.of(found, api.request_id))


@api.routes.post("/jobs/<job_id>/upload/parts")
def sign_parts(job_id: str) -> Response[str]:
    """Sign parts of a multipart upload."""
    signed = wiring.upload_parts().sign(api.principal().user_id, job_id, api.body(SignRequest).numbers)
    return answer(SignedParts(parts=[SignedPart(number=number, url=url) for number, url in signed]))


@api.routes.get("/jobs/<job_id>/upload/parts")
def list_parts(job_id: str) -> Response[str]:
    """List the parts that have arrived."""
    parts = wiring.upload_parts().arrived(api.principal().user_id, job_id)
    return answer(UploadedParts(parts=[UploadedPartShape.of(part) for part in parts]))


@api.routes.post("/jobs/<job_id>/upload/complete")
def complete_upload(job_id: str) -> Response[str]:
    """Join the parts, which starts the job."""
    parts = [(part.number, part.etag) for part in api.body(CompleteRequest).parts]
    return answer(JobAnswer(job=JobShape.of(wiring.upload_parts().complete(api.principal().user_id, job_id, parts))))


@api.routes.delete("/jobs/<job_id>/upload")
def abort_upload(job_id: str) -> Response[str]:
    """Give the upload up."""
    wiring.upload_parts().abort(api.principal().user_id, job_id)
    return no_content()
