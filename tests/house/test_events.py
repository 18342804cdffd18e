"""Every sample in events/ is read by the model that its README row names, and none is left over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sotto.adapters.dynamo_outbox import event_key, event_to_row
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.events import CloudEvent, FetchRequested, ObjectCreated, PartQueued
from sotto.domain.outbox import JOB_EVENTS, OutboxEvent
from sotto.entry.job_shapes import JobRequest
from sotto.entry.principal import principal_from_event

EVENTS = Path(__file__).resolve().parents[2] / "events"


def _round_trip(model: type[BaseModel]) -> Callable[[dict[str, Any]], None]:
    def check(sample: dict[str, Any]) -> None:
        read = model.model_validate(sample)
        assert model.model_validate_json(read.model_dump_json(by_alias=True)) == read
        assert read.model_dump(exclude_defaults=True, by_alias=True), "the model reads nothing of its sample"

    return check


def _cloud_event(sample: dict[str, Any]) -> None:
    event = CloudEvent.model_validate(sample)
    assert PartQueued.model_validate(event.data).id == event.id


def _job_changed(sample: dict[str, Any]) -> None:
    for record in sample["Records"]:
        row = from_row(record["dynamodb"]["NewImage"])
        event = OutboxEvent(row["event_id"], row["owner"], row["type"], row["occurred_at"], json.loads(row["data"]))
        assert to_row(event_to_row(event)) == record["dynamodb"]["NewImage"]
        assert to_row(event_key(event.owner, event.id)) == record["dynamodb"]["Keys"]
        assert event.type in JOB_EVENTS


def _dead_letter(sample: dict[str, Any]) -> None:
    for record in sample["Records"]:
        assert PartQueued.model_validate_json(record["body"])


def _status_request(sample: dict[str, Any]) -> None:
    assert principal_from_event(sample).user_id


READERS: dict[str, Callable[[dict[str, Any]], None]] = {
    "1-upload-request.json": _round_trip(JobRequest),
    "2-object-created.json": _round_trip(ObjectCreated),
    "2b-s3-test-event.json": _round_trip(ObjectCreated),
    "3-part-queued.json": _round_trip(PartQueued),
    "3b-fetch-requested.json": _round_trip(FetchRequested),
    "4-transcribe-part.cloudevent.json": _cloud_event,
    "5-job-changed.json": _job_changed,
    "6-dead-letter.json": _dead_letter,
    "7-status-request.json": _status_request,
}


@pytest.mark.parametrize("name", sorted(READERS))
def test_the_sample_is_read(name: str) -> None:
    READERS[name](json.loads((EVENTS / name).read_text()))


def test_every_sample_has_a_reader_and_a_row() -> None:
    samples = {path.name for path in EVENTS.glob("*.json")}
    assert samples == set(READERS)
    page = (EVENTS / "README.md").read_text()
    assert [name for name in samples if f"`{name}`" not in page] == []


def test_the_part_in_the_cloud_event_is_the_part_in_the_queue() -> None:
    queued = json.loads((EVENTS / "3-part-queued.json").read_text())
    assert json.loads((EVENTS / "4-transcribe-part.cloudevent.json").read_text())["data"] == queued
