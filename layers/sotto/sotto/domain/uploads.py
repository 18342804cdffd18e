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
    """Parts 1 to `part_count`, each of `part_size_bytes`, the last of what is left of `size_bytes`."""

    part_size_bytes: int
    part_count: int
    size_bytes: int

    def length(self, number: int) -> int:
        """Bytes of part `number`, from 1 to `part_count`."""
        return min(self.part_size_bytes, self.size_bytes - (number - 1) * self.part_size_bytes)
