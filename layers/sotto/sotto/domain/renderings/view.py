"""What a reader wants to see of a transcript, beside the format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """`words`: each word with its time. `timestamps`: times beside the text. `speakers`: who says what, where it is
    known. None takes the format's own default.

    `title` and `tags` are what the job is called now, for the header; the transcript itself does not know them.
    """

    words: bool | None = None
    timestamps: bool | None = None
    speakers: bool | None = None
    title: str | None = None
    tags: tuple[str, ...] = ()
