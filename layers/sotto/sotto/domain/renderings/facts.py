"""What a transcript is about, for the header of an export: a file on a desk must say where it comes from."""

from __future__ import annotations

from sotto.domain.languages import LANGUAGES
from sotto.domain.transcript import Transcript


def facts_of(transcript: Transcript) -> list[tuple[str, str]]:
    """Label and value of each fact, the recording's name first."""
    engine = transcript.engine
    facts = [
        ("Recording", transcript.recording.name),
        ("Length", clock(transcript.recording.duration_s)),
        ("Language", _language(transcript)),
        ("Model", f"{engine.model} ({engine.engine} {engine.version}, {engine.compute_type})"),
        ("Transcribed", transcript.completed_at),
        ("Job", f"{transcript.job_id}, attempt {transcript.attempt}"),
    ]
    return facts + [("Note", warning) for warning in transcript.warnings]


def clock(seconds: float) -> str:
    """HH:MM:SS, whole seconds, rounded down as a clock does."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _language(transcript: Transcript) -> str:
    name = LANGUAGES.get(transcript.language, transcript.language)
    return name if transcript.options.task == "transcribe" else f"{name}, translated to English"
