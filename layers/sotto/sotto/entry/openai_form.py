"""OpenAI's request form: multipart/form-data in, one checked model out.

Fields that would change the answer and that Sotto does not have (streaming, log probabilities, known speakers) are
refused by name, so that nobody gets something else than what was asked for.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import Field as FormField
from python_multipart.multipart import File, FormParser, parse_options_header

from sotto.domain.errors import InvalidInput, TooLarge
from sotto.domain.job import Job
from sotto.domain.options import MODELS, Options, Task
from sotto.entry.http import validate
from sotto.entry.job_shapes import Shape
from sotto.workflows.transcribe_now import Recording

MAX_FORM_BYTES = 4_500_000
"""Lambda takes 6 MiB in one call, and the gateway hands a form on as base64, which is a third longer. The rest is for
the request's other facts. API Gateway itself would take 10 MB, so this is the limit that callers meet."""
DIARIZED = "diarized_json"
_MAX_FIELDS = 100
_MAX_FIELD_BYTES = 16_384
_SOUND = ("audio/", "video/", "application/ogg")


class TranscriptionForm(Shape):
    """The fields of POST /audio/transcriptions and /audio/translations, and our `upload_id`."""

    model: str = ""
    language: str | None = None
    prompt: str | None = Field(default=None, max_length=1000)
    keywords: list[str] = Field(default=[], max_length=100)
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] = "json"
    temperature: float | None = Field(default=None, ge=0.0, le=1.0)
    timestamp_granularities: list[Literal["word", "segment"]] = Field(default=["segment"])
    stream: Literal["false"] = "false"
    upload_id: str | None = Field(default=None, max_length=40)

    def to_options(self, task: Task, default_model: str) -> Options:
        """The job's options. A model name that Whisper does not know (whisper-1) means the service's default.

        Raises InvalidInput for speakers in a translation, which OpenAI's clients could not read.
        """
        return Options(
            model=self._whisper_model() or default_model,
            language=self.language,
            task=task,
            prompt=self.prompt,
            hotwords=self._hotwords(),
            temperature=self.temperature or 0.0,
            speakers=self._speakers(task),
        )

    def check_agrees(self, job: Job, task: Task) -> None:
        """Raise InvalidInput when the job was made with other options than this request names."""
        named = {
            "model": self._whisper_model(),
            "language": self.language,
            "task": task,
            "prompt": self.prompt,
            "hotwords": self._hotwords(),
            "temperature": self.temperature,
            "speakers": self._speakers(task) or None,
        }
        for name, wanted in named.items():
            present = getattr(job.options, name)
            if wanted is not None and wanted != present:
                raise InvalidInput(
                    name,
                    expected=f"what job {job.id} was made with ({present!r})",
                    found=wanted,
                    hint="Leave the field out, or name the options in POST /v1/jobs (or its retry).",
                )

    def _speakers(self, task: Task) -> bool:
        if self.response_format != DIARIZED:
            return False
        if task is Task.TRANSLATE:
            raise InvalidInput("response_format", expected="a format of translations", found=DIARIZED)
        return True

    def _whisper_model(self) -> str | None:
        return self.model if self.model in MODELS else None

    def _hotwords(self) -> str | None:
        return ", ".join(self.keywords)[:500] or None


def read_form(content_type: str, body: bytes) -> tuple[TranscriptionForm, Recording | None]:
    """The fields, and the recording unless the form names an upload. Raises InvalidInput or TooLarge."""
    if len(body) > MAX_FORM_BYTES:
        raise TooLarge(
            f"body: expected at most {MAX_FORM_BYTES} bytes in a form, found {len(body)}",
            hint="Create a job (POST /v1/jobs), upload the recording to the address in its answer, then send the job's"
            " id as `upload_id` in place of the file.",
        )
    fields, files = _parse(content_type, body)
    form = validate(TranscriptionForm, _by_name(fields))
    recording = _recording(files)
    if form.upload_id is not None and recording is not None and recording.content:
        raise InvalidInput("upload_id", expected="an upload or a file", found="both")
    if form.upload_id is not None:
        return form, None
    if recording is None:
        raise InvalidInput("file", expected="a recording, or upload_id", found="nothing")
    return form, recording


def wants_no_wait(prefer: str) -> bool:
    """Whether the header Prefer (RFC 7240) asks for an answer before the transcript is there."""
    return any(one.partition(";")[0].strip().lower() == "respond-async" for one in prefer.split(","))


def _parse(content_type: str, body: bytes) -> tuple[list[tuple[str, str]], list[File]]:
    kind, parameters = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise InvalidInput("content-type", expected="multipart/form-data", found=kind.decode("latin-1") or "nothing")
    fields: list[tuple[str, str]] = []
    files: list[File] = []

    def on_field(field: FormField) -> None:
        fields.append(
            ((field.field_name or b"").decode(errors="replace"), (field.value or b"").decode(errors="replace"))
        )

    # Everything stays in memory: the body is there already, and a form with many parts is refused.
    limits = {"MAX_FIELDS": _MAX_FIELDS, "MAX_FIELD_SIZE": _MAX_FIELD_BYTES, "MAX_MEMORY_FILE_SIZE": MAX_FORM_BYTES}
    ended: list[bool] = []
    boundary = parameters.get(b"boundary")
    try:
        parser = FormParser(
            "multipart/form-data",
            on_field,
            files.append,
            on_end=lambda: ended.append(True),
            boundary=boundary,
            config=limits,
        )
        parser.write(body)
        parser.finalize()
    except (FormParserError, MultipartParseError):
        ended = []
    if not ended:
        raise InvalidInput("body", expected="multipart/form-data that is whole", found="something else")
    return fields, files


def _by_name(fields: list[tuple[str, str]]) -> dict[str, Any]:
    """Fields as the model names them: `x[]` is a list, what is empty was not sent. How we cut is not asked for."""
    found: dict[str, Any] = {}
    for name, value in fields:
        if not value or name.startswith("chunking_strategy"):
            continue
        if name.endswith("[]"):
            found.setdefault(name[:-2], []).append(value)
        else:
            found[name] = value
    return found


def _recording(files: list[File]) -> Recording | None:
    sent = [file for file in files if file.field_name == b"file"]
    if len(sent) != len(files) or len(sent) > 1:
        raise InvalidInput("file", expected="one recording, named file", found=f"{len(files)} files")
    if not sent:
        return None
    (file,) = sent
    file.file_object.seek(0)
    content_type = (file.content_type or "").lower()
    return Recording(
        name=(file.file_name or b"").decode(errors="replace") or "recording",
        content_type=content_type if content_type.startswith(_SOUND) else "application/octet-stream",
        content=file.file_object.read(),
    )
