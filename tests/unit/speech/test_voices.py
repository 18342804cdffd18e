"""Telling speakers apart: the encoder against torch's own layers, its file's reader, and who says which word."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from sotto.domain.errors import ModelUnavailable
from sotto.domain.transcript import Word
from sotto.speech.engine import SAMPLE_RATE
from sotto.speech.voice_activity import VAD_FRAME_S
from sotto.speech.voice_encoder import MELS, WINDOW_FRAMES, VoiceEncoder, mel_frames
from sotto.speech.voice_weights import read_weights
from sotto.speech.voices import tell_apart

RANDOM = np.random.default_rng(4)


def _layers() -> tuple[torch.nn.LSTM, torch.nn.Linear]:
    torch.manual_seed(3)
    return torch.nn.LSTM(40, 256, 3, batch_first=True), torch.nn.Linear(256, 256)


def _checkpoint(path: Path, **more: object) -> Path:
    lstm, linear = _layers()
    state = OrderedDict([(f"lstm.{name}", value) for name, value in lstm.state_dict().items()])
    state.update((f"linear.{name}", value) for name, value in linear.state_dict().items())
    torch.save({"step": 1, "model_state": state, **more}, path, _use_new_zipfile_serialization=False)
    return path


def test_the_weights_are_read_without_torch(tmp_path: Path) -> None:
    lstm, linear = _layers()
    found = read_weights(_checkpoint(tmp_path / "voices.pt"))
    assert len(found) == len(lstm.state_dict()) + 2
    assert np.array_equal(found["lstm.weight_hh_l1"], lstm.weight_hh_l1.detach().numpy())
    assert np.array_equal(found["linear.bias"], linear.bias.detach().numpy())


def test_a_file_that_would_run_something_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="expected the voice encoder's checkpoint"):
        read_weights(_checkpoint(tmp_path / "voices.pt", more=Path("x")))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\x80\x02K\x01."])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.pt").write_bytes(content)
    with pytest.raises(ModelUnavailable):
        read_weights(tmp_path / "other.pt")


def test_the_encoder_computes_what_torch_computes(tmp_path: Path) -> None:
    windows = RANDOM.random((3, WINDOW_FRAMES, MELS), dtype=np.float32)
    lstm, linear = _layers()
    with torch.no_grad():
        raw = torch.relu(linear(lstm(torch.from_numpy(windows))[1][0][-1]))
        expected = (raw / raw.norm(dim=1, keepdim=True)).numpy()
    found = VoiceEncoder(_checkpoint(tmp_path / "voices.pt")).encode(windows)
    assert np.abs(found - expected).max() < 1e-5


def test_a_tone_lies_in_its_mel_band() -> None:
    seconds = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    low, high = (mel_frames(np.sin(2 * np.pi * hertz * seconds).astype(np.float32)) for hertz in (500, 4000))
    assert low.shape == (101, MELS)
    assert low.mean(axis=0).argmax() < high.mean(axis=0).argmax()
    assert not mel_frames(np.zeros(SAMPLE_RATE, np.float32)).any()


class ByLoudness(VoiceEncoder):
    """Two people: a loud one and a quiet one."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))

    def encode(self, windows: np.ndarray) -> np.ndarray:
        share = (windows.mean(axis=(1, 2)) > windows.mean()).astype(np.float32)
        return np.stack([share, 1 - share], axis=1)


def _talk(seconds: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray, list[Word]]:
    """Noise of a loudness for some seconds each, a silence behind each; a word every half second."""
    audio, speech, words, at = [], [], [], 0.0
    for length, loudness in seconds:
        audio += [RANDOM.standard_normal(round(length * SAMPLE_RATE)) * loudness, np.zeros(SAMPLE_RATE // 2)]
        speech += [0.9] * round(length / VAD_FRAME_S) + [0.0] * round(0.5 / VAD_FRAME_S)
        words += [
            Word(text="so", start=at + n / 2, end=at + n / 2 + 0.4, probability=0.9) for n in range(int(length * 2))
        ]
        at += length + 0.5
    return np.concatenate(audio).astype(np.float32), np.array(speech, np.float32), words


def test_each_word_goes_to_the_voice_that_says_it() -> None:
    audio, speech, words = _talk([(5.0, 0.3), (4.0, 0.03), (5.0, 0.3)])
    moved = [word.model_copy(update={"start": word.start + 60, "end": word.end + 60}) for word in words]
    heard = tell_apart(audio, speech, moved, 60.0, ByLoudness())
    assert len(heard.voices) == 2
    assert [turn.voice for turn in heard.turns] == [0, 1, 0]
    assert [turn.start for turn in heard.turns] == pytest.approx([60.0, 65.5, 70.0], abs=0.05)
    assert heard.turns[-1].end == moved[-1].end


def test_too_little_speech_tells_nothing() -> None:
    audio, speech, words = _talk([(0.3, 0.3)])
    words = words or [Word(text="so", start=0.0, end=0.2, probability=0.9)]
    assert tell_apart(audio, speech, words, 0.0, ByLoudness()).turns == ()
    assert tell_apart(audio, speech, [], 0.0, ByLoudness()).voices == ()
