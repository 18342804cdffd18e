"""The two ways to bring a recording in: one signed PUT, or signed parts that are joined at the end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PresignedPut:
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class UploadedPart:
    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True)
class MultipartPlan:
    part_size_bytes: int
    part_count: int
