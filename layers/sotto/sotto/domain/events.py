"""The messages that cross a border, one model each; events/README.md names the sample file, producer and consumer.

Consumers state only the fields they need and ignore the rest, so a producer may add fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import unquote_plus

from pydantic import BaseModel, ConfigDict, Field

from sotto.domain.errors import Failure, SottoError
from sotto.domain.options import Options
from sotto.domain.parts import Part

PART_QUEUED = "sotto.part.queued"
FETCH_REQUESTED = "sotto.fetch.requested"


class Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class S3Object(Event):
    """`key` arrives URL-encoded with plus for space; read `decoded_key`."""

    key: str
    size: int = 0
    etag: str = Field(default="", alias="eTag")
    version_id: str = Field(default="", alias="versionId")
    sequencer: str = ""

    @property
    def decoded_key(self) -> str:
        return unquote_plus(self.key)


class S3Bucket(Event):
    name: str


class S3Entity(Event):
    bucket: S3Bucket
    object: S3Object


class ObjectRecord(Event):
    event_name: str = Field(alias="eventName")
    event_time: str = Field(default="", alias="eventTime")
    s3: S3Entity


class ObjectCreated(Event):
    """What S3 puts on `audio-arrived`. An `s3:TestEvent` has no Records and means nothing to do."""

    records: tuple[ObjectRecord, ...] = Field(default=(), alias="Records")
    event: str | None = Field(default=None, alias="Event")


class Source(Event):
    """Exactly which bytes to read."""

    bucket: str
    key: str
    version_id: str
    etag: str
    size_bytes: int
    duration_s: float


class PartQueued(Event):
    """One part to transcribe: the body of a message in `parts`, and the data of the CloudEvent."""

    type: Literal["sotto.part.queued"] = "sotto.part.queued"
    owner: str
    job_id: str
    attempt: int
    request_id: str
    part: Part
    parts_total: int
    source: Source
    options: Options

    @property
    def id(self) -> str:
        """The CloudEvent's id: the same part and attempt is the same event, however often it is delivered."""
        return f"{self.job_id}.{self.attempt}.{self.part.index}"


class FetchRequested(Event):
    """A recording to fetch. Its address stays in the job's row: addresses may hold secrets, and messages are kept."""

    type: Literal["sotto.fetch.requested"] = "sotto.fetch.requested"
    owner: str
    job_id: str
    attempt: int
    request_id: str


class CloudEvent(Event):
    """A CloudEvent 1.0 in structured form, as far as Sotto reads it. `data` may be a part or an SQS message's body."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    time: str | None = None
    datacontenttype: str = "application/json"
    data: Any


def failure_of(attributes: Mapping[str, str | None]) -> Failure | None:
    """The reason that the event source wrote on a dead message: attributes error_code, error_detail, error_hint."""
    code, message = attributes.get("error_code"), attributes.get("error_detail")
    if not code or not message:
        return None
    return Failure(code=code, message=message, hint=attributes.get("error_hint") or SottoError.default_hint)
