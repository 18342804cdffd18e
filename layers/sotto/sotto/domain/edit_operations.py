"""What an editor may ask for. domain/edits.py says what each does to words and times."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sotto.domain.transcript import Frozen

MAX_OPERATIONS = 1000
MAX_TEXT_CHARS = 5000
MAX_NAME_CHARS = 100


class Replace(Frozen):
    """Write `text` in place of the words from `first` to `last`, all of one segment."""

    op: Literal["replace"]
    first: int
    last: int
    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARS)


class Insert(Frozen):
    """Write `text` after or before a word."""

    op: Literal["insert"]
    after: int | None = None
    before: int | None = None
    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARS)


class Delete(Frozen):
    """Take out the words from `first` to `last`, across segments if need be."""

    op: Literal["delete"]
    first: int
    last: int


class RenameSpeaker(Frozen):
    """Call a speaker by another name, everywhere. Two speakers of one name become one."""

    op: Literal["rename_speaker"]
    speaker: str
    name: str = Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=r"^\S(.*\S)?$")


Operation = Annotated[Replace | Insert | Delete | RenameSpeaker, Field(discriminator="op")]
