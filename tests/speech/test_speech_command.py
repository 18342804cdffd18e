"""`sotto speech`: the engine alone, from the command line to the file, with real weights."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from sotto.cli.main import main
from sotto.domain.options import Options
from sotto.entry import speech_command
from sotto.speech.loading import ModelLoader
from tests.recordings import AUDIO, RATE, SMALL_FLAC, encode
from tests.speech.conftest import ROOT, Hear, letters, text_of

pytestmark = pytest.mark.speech

SAMPLE = str(AUDIO / "sample.ogg")
SPANISH = str(AUDIO / "spanish.ogg")


@pytest.fixture(autouse=True)
def models(loader: ModelLoader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the weights are, fetched by now; the command itself may then stay offline."""
    for name in ("tiny.en", "base"):
        loader(name)
    monkeypatch.chdir(tmp_path)
    return ROOT / ".models"


def speech(models: Path, *arguments: str) -> int:
    return main(["speech", *arguments, "--models", str(models), "--offline"])


def test_it_prints_what_the_function_would_say(
    models: Path, hear: Hear, voice: np.ndarray, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert speech(models, SAMPLE, "--model", "tiny.en") == 0
    assert letters(capsysbinary.readouterr().out.decode()) == letters(text_of(hear(voice)))


def test_json_has_what_was_measured(models: Path, loader: ModelLoader, capsys: pytest.CaptureFixture[str]) -> None:
    assert speech(models, SAMPLE, SPANISH, "--model", "base", "--json") == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["file"], first["language"], second["language"]) == (SAMPLE, "en", "es")
    assert first["audio_s"] == pytest.approx(16.475, abs=0.05)
    assert 0.5 < second["language_probability"] <= 1
    facts = loader("base").engine.facts
    assert {name: first[name] for name in facts.model_dump()} == facts.model_dump()
    for measured in (first, second):
        assert measured["wall_s"] > 0
        assert measured["cpu_s"] > 0
        assert 100 < measured["peak_memory_mb"] < 4000
        assert measured["parts"] == 1
        assert measured["warnings"] == []
        assert measured["quality"]["score"] > 0.5
        assert measured["text"]


def test_a_task_a_format_and_a_folder(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--model", "base", "--language", "es", "--task", "translate", "--format", "srt", "--output", "out"]
    assert speech(models, SPANISH, *asked) == 0
    assert capsys.readouterr().out == ""
    written = (tmp_path / "out" / "spanish.srt").read_text()
    assert written.startswith("1\n00:00:0")
    assert "today we talk about" in " ".join(written.lower().split())


def test_both_engines_say_the_same(models: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    said = []
    for engine in ("ctranslate2", "torch"):
        assert speech(models, SAMPLE, "--model", "tiny.en", "--engine", engine, "--compute-type", "float32") == 0
        said.append(capsysbinary.readouterr().out)
    assert said[0] == said[1]


def test_a_file_that_breaks_off_is_warned_of(
    models: Path, voice: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = encode(voice, RATE, SMALL_FLAC)
    (tmp_path / "half.flac").write_bytes(whole[: len(whole) // 2])
    assert speech(models, "half.flac", "--model", "tiny.en", "--json") == 0
    printed = capsys.readouterr()
    (warning,) = json.loads(printed.out)["warnings"]
    assert warning.startswith(f"The file says that it lasts {len(voice) / RATE:.0f} s, but its sound ends after ")
    assert printed.err == f"half.flac: warning: {warning}\n"


def test_a_file_that_fails_does_not_stop_the_others(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert speech(models, "nowhere.wav", str(AUDIO / "README.md"), SAMPLE, "--model", "tiny.en") == 1
    printed = capsys.readouterr()
    assert "lighthouse" in printed.out
    missing, damaged = printed.err.splitlines()
    assert missing.startswith("nowhere.wav: ")
    assert damaged.startswith(str(AUDIO / "README.md"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--model", "tiny.en", "--task", "translate"], "tiny.en cannot translate"),
        (["--model", "tiny.en", "--language", "de"], "tiny.en knows English only"),
        (["--model", "gigantic"], "expected one of base, base.en"),
        (["--beam-size", "99"], "beam_size: expected Input should be less than or equal to 10, found 99"),
        (["--voice-activity-threshold", "2"], "voice_activity_threshold: expected Input should be less than 1"),
    ],
)
def test_what_a_model_cannot_honour_is_said_before_any_work(
    models: Path, asked: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert speech(models, "nowhere.wav", *asked) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_so_it_is_of_a_model_that_is_a_directory(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    english = str(models / "tiny.en")
    assert speech(models, "nowhere.wav", "--model", english, "--task", "translate") == 2
    assert "tiny.en cannot translate" in " ".join(capsys.readouterr().err.split())
    assert speech(models, SAMPLE, "--model", english) == 0
    assert "lighthouse" in capsys.readouterr().out


def test_it_takes_every_option_that_the_api_takes() -> None:
    parser = argparse.ArgumentParser()
    speech_command.register(parser.add_subparsers())
    given = vars(parser.parse_args(["speech", "a.wav"]))
    assert {name: given[name] for name in Options.model_fields} == Options().model_dump()
