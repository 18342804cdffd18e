"""The audit log's copy in a bucket with Object Lock: audit/<day>/<id>.json, one object an entry.

The bucket's default retention locks each version as it is written, so this adapter needs no right but to put. It puts
only where nothing is: of an entry written over in the table, the first text stays the newest version here.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.domain.audit import AuditEntry
from sotto.domain.errors import StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THERE = "PreconditionFailed"


class S3AuditCopies:
    """Implements workflows.identity_ports.AuditCopies."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def keep(self, entry: AuditEntry) -> bool:
        with translated(StorageUnavailable, "audit bucket"):
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=audit_key(entry),
                    Body=json.dumps(asdict(entry), sort_keys=True, ensure_ascii=False).encode(),
                    ContentType="application/json",
                    ChecksumAlgorithm="SHA256",  # Object Lock wants one
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if code_of(error) == _THERE:
                    return False
                raise
        return True


def audit_key(entry: AuditEntry) -> str:
    """By day and time: an id begins with when it was made."""
    return f"audit/{entry.at[:10]}/{entry.id}.json"
