"""What a reader wants to see of a transcript, beside the format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """`words`: each word with its time. `timestamps`: times beside the text. None takes the format's own default."""

    words: bool | None = None
    timestamps: bool | None = None
