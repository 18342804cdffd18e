"""Exact spans out of every format: the same for all who read them, and where a player would hear them."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sotto.adapters.av_probe import probe
from sotto.domain.containers import ANCHOR_LEAD_S
from sotto.domain.errors import NoAudioTrack, RecordingDamaged
from sotto.domain.parts import Anchor
from sotto.speech.audio import read_span
from sotto.speech.downmix import audible, mono
from tests.recordings import FORMATS, Format, encode, wav

LENGTH_S = 16
RATE = 44_100


def _signal() -> np.ndarray:
    """Tones that change every 100 ms, so that every place sounds different."""
    random = np.random.default_rng(7)
    tones = random.uniform(200, 3000, LENGTH_S * 10)
    phase = 2 * np.pi * np.cumsum(np.repeat(tones, RATE // 10)) / RATE
    return 0.4 * np.sin(phase)


SIGNAL = _signal()
FILES = {form.name: encode(SIGNAL, RATE, form) for form in FORMATS}
REFERENCE = read_span(io.BytesIO(encode(SIGNAL, RATE, Format("wav", "wav", "pcm_s16le", layout="mono"))), 0, LENGTH_S)
EXACT = {"wav", "aiff", "flac", "mp3", "mp3 without header", "wav 8 kHz mu-law", "flac 96 kHz"}
PRIMED = {"aac", "mp3 without header"}
"""Without a header nobody knows how many samples the encoder put in front (up to 50 ms): every player shifts them."""


@cache
def _anchors(name: str) -> tuple[Anchor, ...]:
    return probe(io.BytesIO(FILES[name]), name=name, size_bytes=len(FILES[name]), etag="").anchors


@cache
def _whole(name: str) -> np.ndarray:
    return read_span(io.BytesIO(FILES[name]), 0.0, LENGTH_S + 5.0)


def _anchor(name: str, start: float) -> Anchor | None:
    return max((a for a in _anchors(name) if a.seconds <= start - ANCHOR_LEAD_S), key=lambda a: a.seconds, default=None)


@pytest.mark.parametrize("name", FILES)
def test_the_whole_recording_is_what_was_recorded(name: str) -> None:
    audio = _whole(name)
    assert len(audio) == pytest.approx(LENGTH_S * 16_000, abs=2000)
    assert audio.dtype == np.float32
    if name not in PRIMED:
        part = slice(16_000, 16_000 * 15)
        assert np.corrcoef(audio[part], REFERENCE[part])[0, 1] > 0.95


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.floats(0, LENGTH_S - 1), length=st.floats(0.05, 8))
def test_two_readers_of_a_span_hear_the_same(name: str, start: float, length: float) -> None:
    anchor = _anchor(name, start)
    one = read_span(io.BytesIO(FILES[name]), start, start + length, anchor)
    other = read_span(io.BytesIO(FILES[name]), start, start + length, anchor)
    assert np.array_equal(one, other)
    expected = min(round((start + length) * 16_000), len(_whole(name)))
    assert len(one) == pytest.approx(expected - round(start * 16_000), abs=600)


@pytest.mark.parametrize("name", FILES)
def test_a_span_is_that_piece_of_the_whole(name: str) -> None:
    whole = _whole(name)
    for start, end in ((7.3, 12.1), (11.0, 15.0), (0.4, 2.0)):
        piece = read_span(io.BytesIO(FILES[name]), start, end, _anchor(name, start))
        expected = whole[round(start * 16_000) : round(end * 16_000)]
        assert len(piece) == len(expected)
        if name in EXACT:
            assert np.abs(piece - expected).max() < 1e-4
        elif name != "webm":  # counts time in whole milliseconds: half a sample of 16 kHz may be lost
            assert np.corrcoef(piece, expected)[0, 1] > 0.99


def test_an_anchor_spares_the_reader_what_lies_before() -> None:
    class Counting(io.BytesIO):
        bytes_read = 0

        def read(self, size: int | None = -1) -> bytes:
            got = super().read(size)
            self.bytes_read += len(got)
            return got

    file = encode(np.tile(SIGNAL, 8), RATE, Format("mp3", "mp3", "libmp3lame", bit_rate=128_000))
    anchors = probe(io.BytesIO(file), name="a.mp3", size_bytes=len(file), etag="").anchors
    entry = max((a for a in anchors if a.seconds <= 110 - ANCHOR_LEAD_S), key=lambda a: a.seconds)
    reader = Counting(file)
    audio = read_span(reader, 110.0, 115.0, entry)
    assert len(audio) == 5 * 16_000
    assert reader.bytes_read < len(file) / 2


def test_a_dead_channel_halves_nothing() -> None:
    voice = SIGNAL.astype(np.float32)
    dead = np.zeros_like(voice)
    both = read_span(io.BytesIO(encode(np.stack([voice, dead], 1), RATE, FORMATS[0])), 0, 5)
    assert np.sqrt((both**2).mean()) == pytest.approx(np.sqrt((REFERENCE[: 5 * 16_000] ** 2).mean()), rel=0.02)


def test_channels_in_opposite_phase_do_not_cancel() -> None:
    planes = np.stack([SIGNAL, -SIGNAL]).astype(np.float32)
    assert np.array_equal(mono(planes), planes[0])


def test_two_speakers_on_two_channels_are_both_heard() -> None:
    random = np.random.default_rng(1)
    planes = random.standard_normal((2, 1000)).astype(np.float32)
    assert np.allclose(mono(planes), planes.mean(axis=0), atol=1e-6)


def test_quiet_audio_is_lifted_and_normal_audio_left_alone() -> None:
    voice = SIGNAL[:50_000].astype(np.float32)
    assert np.array_equal(audible(voice.copy()), voice)
    assert np.abs(audible(voice * np.float32(0.001))).max() > 0.05
    assert not audible(np.zeros(100, dtype=np.float32)).any()
    assert len(audible(np.zeros(0, dtype=np.float32))) == 0


def test_a_span_behind_the_end_is_empty() -> None:
    assert len(read_span(io.BytesIO(FILES["flac"]), 60.0, 70.0)) == 0


def test_a_broken_stretch_in_the_middle_is_silence_and_the_rest_stays_in_place() -> None:
    file = bytearray(FILES["mp3"])
    middle = len(file) // 2
    file[middle : middle + 30_000] = bytes(30_000)
    audio = read_span(io.BytesIO(bytes(file)), 0.0, LENGTH_S)
    assert np.corrcoef(audio[16_000 : 16_000 * 6], REFERENCE[16_000 : 16_000 * 6])[0, 1] > 0.95


def test_what_is_no_recording_is_refused() -> None:
    with pytest.raises(RecordingDamaged):
        read_span(io.BytesIO(b"this is a text, whatever its name says" * 100), 0, 1)


def test_a_video_without_sound_is_refused() -> None:
    import av
    from av.video.frame import VideoFrame

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            out.mux(stream.encode(VideoFrame.from_ndarray(np.zeros((48, 64, 3), dtype=np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    with pytest.raises(NoAudioTrack):
        read_span(io.BytesIO(buffer.getvalue()), 0, 1)


def test_a_file_reader_error_passes_through() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionError("the bucket is away")

    with pytest.raises(ConnectionError):
        read_span(Failing(FILES["wav"]), 0, 1)


def test_stereo_wav_made_by_the_helper_is_read() -> None:
    stereo = np.stack([SIGNAL[:RATE], SIGNAL[:RATE]], 1)
    assert len(read_span(wav(stereo, RATE), 0.0, 1.0)) == 16_000
