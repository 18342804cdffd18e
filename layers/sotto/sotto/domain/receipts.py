"""What a deletion found, removed and left, as a document that anybody can check long after the job is gone.

A receipt names the job and its owner by their ids and everything else by number: how many objects, versions and rows
of each kind. No file name, no word and no address is in it. `digest` lets who still has a listing of the bucket prove
that an object was among those that were found: it covers each version's id, which is random, so that nobody can try
file names against it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

MAX_LOOKS = 4
"""Looks that one receipt tells of: KMS signs at most 4096 bytes, and each look is about 700 of them."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ObjectCount(_Model):
    """Objects of one kind. `digest` is null when there were none."""

    keys: int
    versions: int
    digest: str | None

    @classmethod
    def of(cls, versions: Iterable[tuple[str, str]]) -> Self:
        """`versions` are (key, version id), delete markers included.

        The digest is SHA-256 over the sorted hex digests of each `key NUL version`, joined by line feeds.
        """
        listed = list(versions)
        digests = sorted(hashlib.sha256(f"{key}\0{version}".encode()).hexdigest() for key, version in listed)
        digest = hashlib.sha256("\n".join(digests).encode()).hexdigest() if digests else None
        return cls(keys=len({key for key, _ in listed}), versions=len(listed), digest=digest)


class RowCount(_Model):
    """Rows of the table: the job's own, its parts' and edited versions', what it held of quotas, charges, words."""

    jobs: int = 0
    parts: int = 0
    versions: int = 0
    holds: int = 0
    charges: int = 0
    words: int = 0


class Look(_Model):
    """What there was of a job at one moment, just before it was removed."""

    at: str
    recordings: ObjectCount
    work: ObjectCount
    transcripts: ObjectCount
    exports: ObjectCount
    rows: RowCount

    @property
    def empty(self) -> bool:
        objects = (self.recordings, self.work, self.transcripts, self.exports)
        return not any(one.versions for one in objects) and self.rows == RowCount()


class Receipt(_Model):
    """`looks` are in order of time. One is usual; more tell of a deletion that was cut off or met a late worker.

    `completed_at` is when a look found nothing left; null until then. Times are ISO 8601 UTC.
    """

    schema_name: Literal["sotto.receipt/1"] = Field(default="sotto.receipt/1", alias="schema")
    job_id: str
    owner: str
    requested_at: str
    looks: tuple[Look, ...] = ()
    completed_at: str | None = None

    @property
    def text(self) -> str:
        """The receipt as JSON: what is stored and signed."""
        return self.model_dump_json(by_alias=True)

    def with_look(self, look: Look) -> Receipt:
        """This receipt and one look more; the first ones and the newest are kept."""
        return self.model_copy(update={"looks": (*self.looks[: MAX_LOOKS - 1], look)})


@dataclass(frozen=True)
class Deletion:
    """A deletion on its way; `jws` is its receipt, signed, once nothing was left."""

    receipt: Receipt
    jws: str | None = None
