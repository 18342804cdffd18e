"""POST /v1/audio/transcriptions and /translations, as OpenAI's clients send them."""

from dataclasses import replace

from aws_lambda_powertools.event_handler import Response

from sotto.domain.options import Task
from sotto.entry import audio_wiring, wiring
from sotto.entry.admission import admit
from sotto.entry.http import Api, answer
from sotto.entry.job_shapes import JobAnswer, JobShape
from sotto.entry.openai_form import read_form, wants_no_wait
from sotto.entry.openai_shapes import refusal, transcription
from sotto.entry.telemetry import make_logger

api = Api(make_logger("audio"), admit, refusal)
handler = api.handler


@api.routes.post("/audio/transcriptions")
def transcribe() -> Response[str]:
    """A transcript in the language that was spoken."""
    return _serve(Task.TRANSCRIBE)


@api.routes.post("/audio/translations")
def translate() -> Response[str]:
    """A transcript in English."""
    return _serve(Task.TRANSLATE)


def _serve(task: Task) -> Response[str]:
    caller = api.principal()
    owner, until, now = caller.user_id, audio_wiring.deadline(), audio_wiring.transcribe_now()
    form, recording = read_form(api.header("content-type"), api.raw_body())
    if recording is not None:
        options = form.to_options(task, audio_wiring.settings().default_model)
        recording = replace(recording, credential=caller.credential)
        job = now.start(owner, recording, options, api.request_id)
    else:
        job = wiring.read_job().get(owner, form.upload_id or "")
        form.check_agrees(job, task)
    if wants_no_wait(api.header("prefer")):
        headers = {
            "Location": f"/v1/jobs/{job.id}",
            "Preference-Applied": "respond-async",
            "Retry-After": str(now.retry_after_s(job)),
        }
        return answer(JobAnswer(job=JobShape.of(job)), status=202, headers=headers)
    done, transcript = audio_wiring.read_transcript().read(owner, now.wait(job, until).id)
    return transcription(done, transcript, form)
