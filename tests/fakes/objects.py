"""A bucket in memory. It cannot sign, so the signing methods answer recognisable URLs."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from hashlib import md5
from typing import BinaryIO

from sotto.domain.errors import InvalidInput, RecordingReplaced, StorageUnavailable, WrongState
from sotto.domain.job import RecordingRef
from sotto.domain.uploads import PresignedPut, UploadedPart


class InMemoryObjects:
    """Implements workflows.ports.Objects."""

    def __init__(self) -> None:
        self.versions: dict[str, list[bytes]] = {}
        self.multiparts: dict[str, dict[int, bytes]] = {}
        self._begun: dict[str, str] = {}
        self._uploads = 0

    def presign_put(
        self, key: str, *, content_type: str, size_bytes: int, expires_s: int, sha256: str | None = None
    ) -> PresignedPut:
        return PresignedPut(
            f"memory://put/{key}?expires={expires_s}", {"Content-Type": content_type, "Content-Length": str(size_bytes)}
        )

    def presign_get(self, key: str, *, version_id: str | None, filename: str, expires_s: int) -> str:
        return f"memory://get/{key}?version={version_id}&expires={expires_s}"

    def start_multipart(self, key: str, *, content_type: str) -> str:
        self._uploads += 1
        upload = f"upload-{self._uploads}"
        self.multiparts[upload], self._begun[upload] = {}, key
        return upload

    def presign_part(self, key: str, multipart_id: str, number: int, *, size_bytes: int, expires_s: int) -> str:
        return f"memory://part/{key}?upload={multipart_id}&number={number}&size={size_bytes}&expires={expires_s}"

    def put_part(self, multipart_id: str, number: int, content: bytes) -> str:
        """What a caller does with the signed URL of a part; returns the ETag."""
        if multipart_id not in self.multiparts:
            raise StorageUnavailable("bucket: expected an open upload, found none")
        self.multiparts[multipart_id][number] = content
        return md5(content, usedforsecurity=False).hexdigest()

    def upload_part(self, key: str, multipart_id: str, number: int, content: bytes) -> str:
        return self.put_part(multipart_id, number, content)

    def uploaded_parts(self, key: str, multipart_id: str) -> Sequence[UploadedPart]:
        parts = sorted(self.multiparts[multipart_id].items())
        return [UploadedPart(n, md5(content, usedforsecurity=False).hexdigest(), len(content)) for n, content in parts]

    def complete_multipart(self, key: str, multipart_id: str, parts: Sequence[tuple[int, str]]) -> None:
        if multipart_id not in self.multiparts:
            if key not in self.versions:
                raise WrongState("no open upload")
            return
        have = {part.number: part.etag for part in self.uploaded_parts(key, multipart_id)}
        if any(have.get(number) != etag for number, etag in parts):
            raise InvalidInput("parts", expected="every uploaded part with its ETag, in order", found="InvalidPart")
        stored = self.multiparts.pop(multipart_id)
        self.put(key, b"".join(stored[number] for number, _ in parts))

    def abort_multipart(self, key: str, multipart_id: str) -> None:
        self.multiparts.pop(multipart_id, None)

    def abort_uploads(self, prefix: str) -> None:
        for upload in [upload for upload in self.multiparts if self._begun[upload].startswith(prefix)]:
            self.abort_multipart(self._begun[upload], upload)

    def put(self, key: str, content: bytes) -> RecordingRef:
        """What a caller does with a signed PUT."""
        self.versions.setdefault(key, []).append(content)
        found = self.head(key)
        assert found is not None
        return found

    def head(self, key: str) -> RecordingRef | None:
        if key not in self.versions:
            return None
        content = self.versions[key][-1]
        digest = md5(content, usedforsecurity=False).hexdigest()
        return RecordingRef(key, str(len(self.versions[key])), digest, len(content))

    def open(self, recording: RecordingRef) -> BinaryIO:
        versions = self.versions.get(recording.key)
        if not versions:
            raise RecordingReplaced("recording: expected the version that was uploaded, found it gone")
        return io.BytesIO(versions[int(recording.version_id) - 1])

    def read(self, key: str) -> bytes | None:
        versions = self.versions.get(key)
        return versions[-1] if versions else None

    def write(self, key: str, content: bytes, *, content_type: str) -> None:
        self.put(key, content)

    def versions_under(self, prefix: str) -> Iterable[tuple[str, str]]:
        return [
            (key, str(number))
            for key, versions in self.versions.items()
            if key.startswith(prefix)
            for number in range(1, len(versions) + 1)
        ]

    def delete_prefix(self, prefix: str) -> int:
        doomed = [key for key in self.versions if key.startswith(prefix)]
        return sum(len(self.versions.pop(key)) for key in doomed)
