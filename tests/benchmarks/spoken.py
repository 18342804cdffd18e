"""Speech whose word times are known: synthesised by flite, which tells where it put every phone.

Recordings of people have no true word times, only other programs' opinions. flite (Debian package `flite`) prints each
phone with its end; a word's phones are counted by saying it alone. Sentences where the counts do not add up are left
out. The text is ours.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.benchmarks.clips import SAMPLE_RATE, decode

VOICES = ("slt", "awb", "rms", "kal16")
SENTENCES = (
    "The lighthouse keeper wrote a letter every morning before the boat arrived.",
    "Nobody in the village remembered who had planted the old apple trees.",
    "She opened the window and listened to the rain falling on the river.",
    "In winter the road over the mountain stayed closed for several weeks.",
    "He counted the money twice, then put it back into the wooden box.",
    "Our neighbour keeps seven geese, and every one of them has a name.",
    "When the music stopped, the children ran across the square to the fountain.",
    "A careful reader finds small mistakes that everybody else has missed.",
    "The doctor asked him to breathe slowly and to think of something pleasant.",
    "They walked along the harbour until the last lamp had gone out.",
    "My grandmother baked bread on Friday, and the whole house smelled of it.",
    "After the storm we found a bottle with a message on the beach.",
)
PAUSES_S = (0.3, 0.8, 1.5, 0.5, 2.5)


@dataclass(frozen=True)
class SpokenWord:
    """A word as it was synthesised, in seconds of the recording."""

    text: str
    start: float
    end: float


def has_flite() -> bool:
    return shutil.which("flite") is not None


def speak(voice: str) -> tuple[npt.NDArray[np.int16], list[SpokenWord]]:
    """All sentences in one recording with pauses between, and the true time of every word."""
    pieces: list[npt.NDArray[np.int16]] = []
    words: list[SpokenWord] = []
    at = 0.0
    for number, sentence in enumerate(SENTENCES):
        samples, phones = say(voice, sentence)
        counts = [len(say(voice, word)[1]) for word in sentence.split()]
        if sum(counts) != len(phones):
            continue
        first = 0
        for text, count in zip(sentence.split(), counts, strict=True):
            start, end = phones[first][0], phones[first + count - 1][1]
            words.append(SpokenWord(text, round(at + start, 3), round(at + end, 3)))
            first += count
        pause = np.zeros(int(PAUSES_S[number % len(PAUSES_S)] * SAMPLE_RATE), np.int16)
        pieces += [samples, pause]
        at += (len(samples) + len(pause)) / SAMPLE_RATE
    return np.concatenate(pieces), words


def say(voice: str, text: str) -> tuple[npt.NDArray[np.int16], list[tuple[float, float]]]:
    """Samples, and start and end of every phone; pauses are not phones."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "said.wav"
        command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(target)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        samples = decode(target)
    phones, begin = [], 0.0
    for item in printed:
        name, _, end = item.rpartition(":")
        if name != "pau":
            phones.append((begin, float(end)))
        begin = float(end)
    return samples, phones
