"""What a transcript is about, for the header of an export: a file on a desk must say where it comes from."""

from __future__ import annotations

from sotto.domain.languages import LANGUAGES
from sotto.domain.renderings.view import View
from sotto.domain.transcript import Transcript


def heading(transcript: Transcript, view: View) -> str:
    """What the transcript is called: the job's title, or the recording's name."""
    return view.title or transcript.recording.name


def facts_of(transcript: Transcript, view: View) -> list[tuple[str, str]]:
    """Label and value of each fact, what it is called first."""
    engine = transcript.engine
    facts = [
        *([("Title", view.title)] if view.title else []),
        ("Recording", transcript.recording.name),
        ("Length", clock(transcript.recording.duration_s)),
        ("Language", _language(transcript)),
        ("Model", f"{engine.model} ({engine.engine} {engine.version}, {engine.compute_type})"),
        ("Transcribed", transcript.completed_at),
        ("Job", f"{transcript.job_id}, attempt {transcript.attempt}"),
        *([("Tags", ", ".join(view.tags))] if view.tags else []),
    ]
    return facts + [("Note", warning) for warning in transcript.warnings]


def clock(seconds: float) -> str:
    """HH:MM:SS, whole seconds, rounded down as a clock does."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _language(transcript: Transcript) -> str:
    name = LANGUAGES.get(transcript.language, transcript.language)
    return name if transcript.options.task == "transcribe" else f"{name}, translated to English"
