"""Every envelope that may carry a part, and what is told about those that do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sotto.domain.errors import InvalidInput
from sotto.domain.events import PartQueued
from sotto.entry.part_events import ACCEPTED, part_of_event, part_of_message


@pytest.fixture
def body(events: Path) -> str:
    return (events / "3-part-queued.json").read_text()


@pytest.mark.parametrize("event_type", sorted(ACCEPTED))
@pytest.mark.parametrize("form", ["parsed", "text", "bytes"])
def test_a_part_is_read_from_every_envelope(event_type: str, form: str, body: str) -> None:
    data: Any = {"parsed": json.loads(body), "text": body, "bytes": body.encode()}[form]
    assert part_of_event(event_type, data) == PartQueued.model_validate_json(body)


def test_the_sample_event_carries_a_part(events: Path) -> None:
    event = json.loads((events / "4-transcribe-part.cloudevent.json").read_text())
    assert part_of_event(event["type"], event["data"]).id == event["id"]


def test_another_type_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"sotto\.part\.queued.*found 'google\.storage"):
        part_of_event("google.storage.object.finalize", {})


def test_a_wrong_field_is_named_and_its_value_is_not_repeated(body: str) -> None:
    part = json.loads(body) | {"attempt": "Confidential interview.mp3"}
    with pytest.raises(InvalidInput, match="attempt") as caught:
        part_of_message(part)
    assert "Confidential" not in caught.value.message


@pytest.mark.parametrize("data", ["", "not JSON", b"\xff", None, [], 7, {}])
def test_what_is_no_part_is_invalid_input(data: object) -> None:
    with pytest.raises(InvalidInput, match="the message of a queued part"):
        part_of_message(data)
