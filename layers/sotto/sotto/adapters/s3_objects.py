"""The bucket: signed uploads, range reads of exactly one version, and deletion that leaves no version behind."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.domain.errors import InvalidInput, RecordingReplaced, StorageUnavailable, WrongState
from sotto.domain.job import RecordingRef
from sotto.domain.uploads import PresignedPut, UploadedPart

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READ_AHEAD_BYTES = 1024 * 1024
DELETED_AT_ONCE = 1000  # S3's own limit
_MISSING = frozenset({"NoSuchKey", "404", "NotFound", "NoSuchVersion"})
_REPLACED = _MISSING | {"PreconditionFailed", "412", "InvalidArgument", "MethodNotAllowed"}
REPLACED = "recording: expected the version that was uploaded, found it gone"
_BAD_PARTS = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"})


class S3Objects:
    """Implements workflows.ports.Objects. `client` must sign with SigV4: botocore's default URLs never expire."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def presign_put(
        self, key: str, *, content_type: str, size_bytes: int, expires_s: int, sha256: str | None = None
    ) -> PresignedPut:
        # All of this is signed, so a larger body, another type or other bytes are refused by the bucket itself.
        params: dict[str, Any] = {"ContentType": content_type, "ContentLength": size_bytes}
        headers = {"Content-Type": content_type, "Content-Length": str(size_bytes)}
        if sha256:
            checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
            params["ChecksumSHA256"] = headers["x-amz-checksum-sha256"] = checksum
        url = self._client.generate_presigned_url(
            "put_object", Params={"Bucket": self._bucket, "Key": key, **params}, ExpiresIn=expires_s
        )
        return PresignedPut(url=url, headers=headers)

    def presign_get(self, key: str, *, version_id: str | None, filename: str, expires_s: int) -> str:
        params = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": f"inline; filename*=UTF-8''{quote(filename, safe='')}",
        }
        if version_id:
            params["VersionId"] = version_id
        return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=expires_s)

    def start_multipart(self, key: str, *, content_type: str) -> str:
        with translated(StorageUnavailable, "bucket"):
            return self._client.create_multipart_upload(Bucket=self._bucket, Key=key, ContentType=content_type)[
                "UploadId"
            ]

    def presign_part(self, key: str, multipart_id: str, number: int, *, size_bytes: int, expires_s: int) -> str:
        part = {"UploadId": multipart_id, "PartNumber": number, "ContentLength": size_bytes}
        return self._client.generate_presigned_url(
            "upload_part", Params={"Bucket": self._bucket, "Key": key, **part}, ExpiresIn=expires_s
        )

    def uploaded_parts(self, key: str, multipart_id: str) -> Sequence[UploadedPart]:
        with translated(StorageUnavailable, "bucket"):
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=self._bucket, Key=key, UploadId=multipart_id
            )
            return [
                UploadedPart(number=part["PartNumber"], etag=part["ETag"].strip('"'), size_bytes=part["Size"])
                for page in pages
                for part in page.get("Parts", [])
            ]

    def upload_part(self, key: str, multipart_id: str, number: int, content: bytes) -> str:
        with translated(StorageUnavailable, "bucket"):
            return self._client.upload_part(
                Bucket=self._bucket, Key=key, UploadId=multipart_id, PartNumber=number, Body=content
            )["ETag"].strip('"')

    def complete_multipart(self, key: str, multipart_id: str, parts: Sequence[tuple[int, str]]) -> None:
        listed: Any = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        with translated(StorageUnavailable, "bucket"):
            try:
                self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=multipart_id, MultipartUpload={"Parts": listed}
                )
            except ClientError as error:
                if code_of(error) in _BAD_PARTS:
                    raise InvalidInput(
                        "parts", expected="every uploaded part with its ETag, in order", found=code_of(error)
                    ) from error
                if code_of(error) != "NoSuchUpload":
                    raise
                if self.head(key) is None:
                    raise WrongState("upload: expected an open multipart upload, found none") from error

    def abort_multipart(self, key: str, multipart_id: str) -> None:
        with translated(StorageUnavailable, "bucket"):
            try:
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=multipart_id)
            except ClientError as error:
                if code_of(error) != "NoSuchUpload":
                    raise

    def abort_uploads(self, prefix: str) -> None:
        with translated(StorageUnavailable, "bucket"):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=prefix)
            found = [(upload["Key"], upload["UploadId"]) for page in pages for upload in page.get("Uploads", [])]
        for key, multipart_id in found:
            self.abort_multipart(key, multipart_id)

    def head(self, key: str) -> RecordingRef | None:
        with translated(StorageUnavailable, "bucket"):
            try:
                found = self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if code_of(error) in _MISSING:
                    return None
                raise
        return RecordingRef(
            key=key,
            version_id=found.get("VersionId", ""),
            etag=found["ETag"].strip('"'),
            size_bytes=found["ContentLength"],
        )

    def open(self, recording: RecordingRef) -> BinaryIO:
        return io.BufferedReader(_RangeReader(self._client, self._bucket, recording), READ_AHEAD_BYTES)

    def read(self, key: str) -> bytes | None:
        with translated(StorageUnavailable, "bucket"):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) in _MISSING:
                    return None
                raise

    def download(self, key: str, target: Path) -> bool:
        """Copy the object to `target`, in parts and without holding it in memory. False when there is none."""
        with translated(StorageUnavailable, "bucket"):
            try:
                self._client.download_file(self._bucket, key, str(target))
            except ClientError as error:
                if code_of(error) in _MISSING:
                    return False
                raise
        return True

    def write(self, key: str, content: bytes, *, content_type: str) -> None:
        with translated(StorageUnavailable, "bucket"):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type)

    def versions_under(self, prefix: str) -> Iterable[tuple[str, str]]:
        with translated(StorageUnavailable, "bucket"):
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix):
                for item in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                    yield item["Key"], item["VersionId"]

    def delete_prefix(self, prefix: str) -> int:
        doomed: list[Any] = [{"Key": key, "VersionId": version} for key, version in self.versions_under(prefix)]
        for first in range(0, len(doomed), DELETED_AT_ONCE):
            some = doomed[first : first + DELETED_AT_ONCE]
            with translated(StorageUnavailable, "bucket"):
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": some, "Quiet": True})
            if answer.get("Errors"):
                raise StorageUnavailable(
                    f"bucket: expected {len(some)} deletions, found {len(answer['Errors'])} errors"
                )
        return len(doomed)


class _RangeReader(io.RawIOBase):
    """Reads ranges of one version of one object, so that memory holds the buffer, never the recording."""

    def __init__(self, client: S3Client, bucket: str, recording: RecordingRef) -> None:
        self._client, self._bucket, self._recording = client, bucket, recording
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._recording.size_bytes}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        size = self._recording.size_bytes
        if self._position >= size or not len(buffer):
            return 0
        last = min(size, self._position + len(buffer)) - 1
        content = self._get(self._position, last)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def _get(self, first: int, last: int) -> bytes:
        # The version that was uploaded is nearly always the newest, and If-Match proves it. It is named only when it
        # is not, because the embedded emulator answers a range of a named version with the whole object.
        params: Any = {"Bucket": self._bucket, "Key": self._recording.key, "Range": f"bytes={first}-{last}"}
        with translated(StorageUnavailable, "bucket"):
            try:
                return self._client.get_object(**params, IfMatch=self._recording.etag)["Body"].read()
            except ClientError as error:
                if code_of(error) not in _REPLACED:
                    raise
            if not self._recording.version_id:
                raise RecordingReplaced(REPLACED)
            try:
                answer = self._client.get_object(**params, VersionId=self._recording.version_id)
            except ClientError as error:
                if code_of(error) in _REPLACED:
                    raise RecordingReplaced(REPLACED) from error
                raise
            whole = "ContentRange" not in answer
            content = answer["Body"].read()
            return content[first : last + 1] if whole else content
