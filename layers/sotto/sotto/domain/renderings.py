"""The formats that a reader can ask for, each made from the canonical transcript alone."""

from __future__ import annotations

from collections.abc import Callable

from sotto.domain.captions import Cue, caption_cues
from sotto.domain.errors import InvalidInput
from sotto.domain.transcript import Transcript

CONTENT_TYPES: dict[str, str] = {
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}
STORED_FORMATS = ("json", "txt", "srt", "vtt")
"""Written to the bucket when a job completes; json first, because the others can be made from it."""


def render(transcript: Transcript, extension: str) -> str:
    """`transcript` in the format `extension`. Raises InvalidInput for a format that does not exist."""
    renderer = _RENDERERS.get(extension)
    if renderer is None:
        raise InvalidInput("format", expected=f"one of {', '.join(_RENDERERS)}", found=extension)
    return renderer(transcript)


def _json(transcript: Transcript) -> str:
    return transcript.model_dump_json(by_alias=True, indent=2) + "\n"


def _txt(transcript: Transcript) -> str:
    return "".join(f"{segment.text}\n" for segment in transcript.segments)


def _srt(transcript: Transcript) -> str:
    blocks = (
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{cue.text}\n"
        for number, cue in enumerate(_cues(transcript), 1)
    )
    return "\n".join(blocks)


def _vtt(transcript: Transcript) -> str:
    blocks = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_escaped(cue.text)}\n" for cue in _cues(transcript)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def _cues(transcript: Transcript) -> list[Cue]:
    return list(caption_cues(transcript.segments))


def _clock(seconds: float, point: str) -> str:
    """HH:MM:SS and milliseconds after `point`, rounded once, so that 59.9996 s is a minute."""
    total = round(seconds * 1000)
    return f"{total // 3_600_000:02d}:{total // 60_000 % 60:02d}:{total // 1000 % 60:02d}{point}{total % 1000:03d}"


def _escaped(text: str) -> str:
    """WebVTT reads `&` and `<` as markup, and an arrow would end the cue."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")


_RENDERERS: dict[str, Callable[[Transcript], str]] = {"json": _json, "txt": _txt, "srt": _srt, "vtt": _vtt}
