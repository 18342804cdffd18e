"""The formats that a reader can ask for, each made from the canonical transcript alone.

One family a file; this is the table of them, and what each can show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sotto.domain.errors import InvalidInput
from sotto.domain.renderings import subtitles, text
from sotto.domain.renderings.view import View
from sotto.domain.renderings.word_document import docx
from sotto.domain.transcript import Transcript


def _json(transcript: Transcript, view: View) -> str:
    shown = transcript if view.words else _without(transcript, words=())
    return shown.model_dump_json(by_alias=True, indent=2) + "\n"


def _without(transcript: Transcript, **fields: object) -> Transcript:
    """`transcript` with these fields of each segment as given."""
    bare = tuple(segment.model_copy(update=fields) for segment in transcript.segments)
    return transcript.model_copy(update={"segments": bare})


@dataclass(frozen=True)
class Format:
    """How a format is made, and which views it has; the first of each pair is its default."""

    content_type: str
    make: Callable[[Transcript, View], str | bytes]
    words: tuple[bool, ...]
    timestamps: tuple[bool, ...]
    speakers: tuple[bool, ...] = (True, False)


FORMATS: dict[str, Format] = {
    "json": Format("application/json", _json, words=(True, False), timestamps=(True,)),
    "txt": Format("text/plain; charset=utf-8", text.txt, words=(False,), timestamps=(False, True)),
    "srt": Format("application/x-subrip; charset=utf-8", subtitles.srt, words=(False, True), timestamps=(True,)),
    "vtt": Format("text/vtt; charset=utf-8", subtitles.vtt, words=(False, True), timestamps=(True,)),
    "tsv": Format(
        "text/tab-separated-values; charset=utf-8", text.tsv, words=(False, True), timestamps=(True,), speakers=(False,)
    ),
    "md": Format("text/markdown; charset=utf-8", text.md, words=(False,), timestamps=(True, False)),
    "docx": Format(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        docx,
        words=(False,),
        timestamps=(True, False),
    ),
}
CONTENT_TYPES: dict[str, str] = {extension: one.content_type for extension, one in FORMATS.items()}
BINARY_FORMATS = frozenset({"docx"})
STORED_FORMATS = ("json", "txt", "srt", "vtt")
"""Written to the bucket when a job completes; json first, because the others can be made from it."""


def render(transcript: Transcript, extension: str, view: View | None = None) -> bytes:
    """`transcript` as a file of the format `extension`. Raises as `chosen_view` does."""
    chosen = chosen_view(extension, view or View())
    shown = transcript if chosen.speakers else _without(transcript, speaker=None)
    made = FORMATS[extension].make(shown, chosen)
    return made if isinstance(made, bytes) else made.encode()


def chosen_view(extension: str, view: View) -> View:
    """`view` with the defaults of the format `extension` where it leaves the choice.

    Raises InvalidInput for a format that does not exist, and for a view that this one does not have.
    """
    found = FORMATS.get(extension)
    if found is None:
        raise InvalidInput("format", expected=f"one of {', '.join(FORMATS)}", found=extension)
    return replace(
        view,
        words=_chosen("words", view.words, found.words, extension),
        timestamps=_chosen("timestamps", view.timestamps, found.timestamps, extension),
        speakers=_chosen("speakers", view.speakers, found.speakers, extension),
    )


def _chosen(key: str, wanted: bool | None, offered: tuple[bool, ...], extension: str) -> bool:  # noqa: FBT001
    if wanted is None:
        return offered[0]
    if wanted not in offered:
        raise InvalidInput(key, expected=f"{str(offered[0]).lower()} for {extension}", found=wanted)
    return wanted
