"""Dropped recordings in the bucket: one version with its tags, copies inside the bucket, the removal of an error."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.s3_objects import REPLACED
from sotto.domain.drops import Dropped
from sotto.domain.errors import RecordingReplaced, StorageUnavailable
from sotto.domain.job import RecordingRef

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# 405: the version is a delete marker.
_GONE = frozenset({"NoSuchKey", "404", "NotFound", "NoSuchVersion", "MethodNotAllowed", "405"})


class S3Drops:
    """Implements workflows.drop_ports.Drops."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def find(self, key: str, version_id: str) -> Dropped | None:
        which: Any = {"Bucket": self._bucket, "Key": key, **({"VersionId": version_id} if version_id else {})}
        with translated(StorageUnavailable, "bucket"):
            try:
                found = self._client.head_object(**which)
                tags = self._client.get_object_tagging(**which)["TagSet"]
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                raise
        recording = RecordingRef(
            key=key,
            version_id=found.get("VersionId", version_id),
            etag=found["ETag"].strip('"'),
            size_bytes=found["ContentLength"],
        )
        return Dropped(recording, found["LastModified"].astimezone(UTC), {tag["Key"]: tag["Value"] for tag in tags})

    def copy(self, source: RecordingRef, key: str, *, content_type: str) -> None:
        which: Any = {"Bucket": self._bucket, "Key": source.key}
        if source.version_id:
            which["VersionId"] = source.version_id
        # The managed copy goes by ranges, side by side, when the object is too large for one request (5 GB). Tags stay
        # behind, because they are the dropper's, and copying them would need one more right.
        how = {
            "MetadataDirective": "REPLACE",
            "ContentType": content_type,
            "TaggingDirective": "REPLACE",
        }
        with translated(StorageUnavailable, "bucket"):
            try:
                self._client.copy(which, self._bucket, key, ExtraArgs=how)
            except ClientError as error:
                if code_of(error) in _GONE:
                    raise RecordingReplaced(REPLACED) from error
                raise

    def remove(self, key: str) -> None:
        with translated(StorageUnavailable, "bucket"):
            self._client.delete_object(Bucket=self._bucket, Key=key)
