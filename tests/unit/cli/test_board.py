"""What a person sees of recordings on their way: on a terminal, and in a log."""

from __future__ import annotations

import re

import pytest

from sotto.cli.board import board
from sotto.client.jobs import Job, Progress

COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def transcribing(seconds_done: float) -> Job:
    progress = Progress(seconds_done=seconds_done, seconds_total=60, parts_done=0, parts_total=1)
    return Job.model_construct(stage="transcribing", progress=progress)


def test_on_a_terminal_each_recording_has_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes what pytest captures for a terminal
    monkeypatch.setenv("COLUMNS", "120")
    with board() as shown, shown.line("a [b].mp3") as sent, shown.line("c.wav") as heard:
        sent.upload(200)
        sent.advance(50)
        heard.look(transcribing(45))
        with shown.aside():
            said = COLOURS.sub("", capsys.readouterr().err)
    assert re.search(r"a \[b\]\.mp3 uploading .* 25%", said)
    assert re.search(r"c\.wav transcribing .* 75%", said)


def test_elsewhere_there_is_a_line_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    with board() as shown, shown.line("c.wav") as heard:
        heard.upload(200)
        heard.look(transcribing(15))
        heard.look(transcribing(45))
    assert capsys.readouterr().err.splitlines() == ["c.wav uploading", "c.wav transcribing"]
