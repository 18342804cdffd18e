"""Announces uploads again whose event a crash may have swallowed.

An object is on disk as soon as the bucket has answered, but its event waits in the emulator's memory for the next save.
After a crash the latest uploads are therefore announced once more; intake knows a recording that it has seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from infra.local.emulator import Aws
from sotto.adapters.sqs_queues import SqsArrivals
from sotto.domain.drops import PREFIX as DROPBOX
from sotto.domain.job import RecordingRef

RECENT = timedelta(minutes=10)
"""Far more than a save takes. The clock is this machine's own for both sides."""


def announce_recent_uploads(aws: Aws, outputs: Mapping[str, str]) -> int:
    """Put an event for each recent upload and drop into the arrivals queue. Returns how many."""
    bucket, since = outputs["BucketName"], datetime.now(UTC) - RECENT
    arrivals = SqsArrivals(aws("sqs"), outputs["ArrivedQueueUrl"], bucket)
    count = 0
    for prefix in ("uploads/", DROPBOX):
        for page in aws("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Versions", []):
                if found["IsLatest"] and found["LastModified"] >= since:
                    reference = RecordingRef(found["Key"], found["VersionId"], found["ETag"].strip('"'), found["Size"])
                    arrivals.announce(found["Key"], reference)
                    count += 1
    return count
