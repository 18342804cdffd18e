"""docs/transcript.schema.json is made from the model; `python -m tests.house.test_transcript_schema` writes it."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from sotto.domain.edit_operations import Replace
from sotto.domain.edits import edited
from sotto.domain.renderings import render
from sotto.domain.transcript import Transcript
from tests.unit.domain.test_edits import MEETING

SCHEMA = Path(__file__).resolve().parents[2] / "docs/transcript.schema.json"


def generated() -> str:
    """The schema of what is written, so that fields with a default are always there."""
    schema = Transcript.model_json_schema(by_alias=True, mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:sotto:schema:transcript:1"}
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False) + "\n"


def test_the_published_schema_is_the_models() -> None:
    assert SCHEMA.read_text() == generated(), "run: python -m tests.house.test_transcript_schema"


def test_what_we_write_is_what_the_schema_says() -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    for transcript in (MEETING, edited(MEETING, [Replace(op="replace", first=1, last=1, text="Sotto,")])):
        assert list(validator.iter_errors(json.loads(render(transcript, "json")))) == []


if __name__ == "__main__":
    SCHEMA.write_text(generated())
