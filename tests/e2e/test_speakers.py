"""Who says what: asked for with one option, and with nothing else to set up (the worker fetches the model for it)."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.caller import Caller
from tests.recordings import SMALL_FLAC, two_people, write

pytestmark = pytest.mark.e2e

BESIDE_A_CHANGE_S = 0.5
ONE, OTHER = "Speaker 1", "Speaker 2"


def test_two_voices_are_told_apart_in_every_format(caller: Caller, tmp_path: Path) -> None:
    assert caller.http.get("models").json()["speakers"] is True
    sound, first_change, second_change = two_people()
    path = write(tmp_path / "two people.flac", sound, SMALL_FLAC)
    job = caller.wait(caller.submit(path, "audio/flac", language="en", speakers=True)["id"])
    assert (job["status"], job["warnings"]) == ("COMPLETED", [])

    segments = json.loads(caller.transcript(job["id"], "json"))["segments"]
    changes = [after["start"] for before, after in pairwise(segments) if before["speaker"] != after["speaker"]]
    assert changes == pytest.approx([first_change, second_change], abs=BESIDE_A_CHANGE_S)
    turns = [
        segments[0]["speaker"],
        *(after["speaker"] for _, after in pairwise(segments) if after["start"] in changes),
    ]
    assert turns == [ONE, OTHER, ONE]

    first_of_turns = [number for number, one in enumerate(segments) if number == 0 or one["start"] in changes]
    expected = [
        f"{one['speaker']}: {one['text']}" if number in first_of_turns else one["text"]
        for number, one in enumerate(segments)
    ]
    assert caller.transcript(job["id"], "txt").splitlines() == expected
    cues = [cue.splitlines()[2] for cue in caller.transcript(job["id"], "srt").split("\n\n")]
    assert [cue[: len(ONE) + 2] for cue in cues if cue.startswith("Speaker ")] == [f"{name}: " for name in turns]
    spoken = [line for line in caller.transcript(job["id"], "vtt").splitlines() if line.startswith("<v ")]
    assert len(spoken) == len(cues), "every cue of WebVTT names its voice"
    named = [line[3 : 3 + len(ONE)] for line in spoken]
    assert [named[0], *(after for before, after in pairwise(named) if before != after)] == turns
    caller.http.delete(f"jobs/{job['id']}")
