"""The same request again: what makes two requests the same, and what is remembered of the first.

A caller whose connection or patience ended sends the same recording with the same options once more. Owner, content
and options tell that it is the same; the file's name and the format of the answer do not matter.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sotto.domain.options import Options


@dataclass(frozen=True)
class Claimed:
    """The job that a request belongs to. `claimed_at` is ISO 8601 UTC."""

    job_id: str
    claimed_at: str


def fingerprint(content: bytes, options: Options) -> str:
    """64 hex digits that two requests of one owner share when they ask for the same transcript."""
    digest = hashlib.sha256(options.model_dump_json().encode())
    digest.update(b"\0")
    digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()
