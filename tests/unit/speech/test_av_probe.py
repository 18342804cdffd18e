"""What a look into a recording finds: real durations whatever headers claim, and the right word for each trouble."""

from __future__ import annotations

import io
import struct
from itertools import pairwise

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from sotto.adapters.av_probe import probe
from sotto.domain.containers import ANCHOR_EVERY_S
from sotto.domain.errors import (
    NoAudioTrack,
    NotARecording,
    RecordingDamaged,
    RecordingEmpty,
    RecordingRejected,
    RecordingTooShort,
)
from sotto.domain.parts import Probed
from sotto.speech.audio import read_span
from tests.recordings import AUDIO, FORMATS, Format, encode

LENGTH_S = 21
RATE = 16_000
NOISE = np.random.default_rng(3).standard_normal(LENGTH_S * RATE).astype(np.float32) * 0.1
BY_NAME = {form.name: form for form in FORMATS}


def _probe(file: bytes, name: str = "recording") -> Probed:
    return probe(io.BytesIO(file), name=name, size_bytes=len(file), etag="abc")


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_duration_is_what_decoding_gives(form: Format) -> None:
    file = encode(NOISE, RATE, form)
    probed = _probe(file)
    decoded = len(read_span(io.BytesIO(file), 0, 60)) / 16_000
    assert probed.facts.duration_s == pytest.approx(decoded, abs=0.06)
    assert probed.facts.duration_s == pytest.approx(LENGTH_S, abs=0.1)
    assert probed.facts.size_bytes == len(file)
    assert probed.facts.etag == "abc"


def test_facts_of_the_sample() -> None:
    facts = _probe((AUDIO / "sample.ogg").read_bytes(), "sample.ogg").facts
    assert (facts.container, facts.codec, facts.channels) == ("ogg", "opus", 1)


class SilentDay(io.RawIOBase):
    """A WAV of silence, `seconds` long, that is nowhere as a whole: its bytes are made when they are read."""

    def __init__(self, seconds: int) -> None:
        data = seconds * RATE * 2
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
        self.header = struct.pack("<4sI4s", b"RIFF", 36 + data, b"WAVE") + form + struct.pack("<4sI", b"data", data)
        self.size, self.position, self.bytes_read = len(self.header) + data, 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        return self.position

    def tell(self) -> int:
        return self.position

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        count = min(len(buffer), self.size - self.position)
        head = self.header[self.position : self.position + count]
        buffer[:count] = head + bytes(count - len(head))
        self.position += count
        self.bytes_read += count
        return count


def test_five_hours_are_measured_without_being_read() -> None:
    day = SilentDay(5 * 3600)
    facts = probe(day, name="day.wav", size_bytes=day.size, etag="").facts  # type: ignore[arg-type]
    assert facts.duration_s == pytest.approx(18_000, abs=0.01)
    assert facts.size_bytes == day.size > 500_000_000
    assert day.bytes_read < day.size / 50


def test_the_extension_names_the_member_of_a_family() -> None:
    file = encode(NOISE, RATE, BY_NAME["m4a index first"])
    assert _probe(file, "talk.M4A").facts.container == "m4a"
    assert _probe(file, "talk.bin").facts.container == "mov"


def test_formats_without_an_index_get_anchors() -> None:
    anchors = _probe(encode(NOISE, RATE, BY_NAME["mp3"])).anchors
    assert [round(anchor.seconds) for anchor in anchors] == [5, 10, 15, 20]
    assert all(b.byte > a.byte for a, b in pairwise(anchors))
    assert ANCHOR_EVERY_S == 5.0
    assert _probe(encode(NOISE, RATE, BY_NAME["flac"])).anchors == ()


def test_a_wav_header_that_lies_about_its_length() -> None:
    file = bytearray(encode(NOISE, RATE, Format("wav", "wav", "pcm_s16le", rate=RATE, layout="mono")))
    at = file.index(b"data") + 4
    file[at : at + 4] = struct.pack("<I", 4 * len(NOISE) * 2)
    assert _probe(bytes(file)).facts.duration_s == pytest.approx(LENGTH_S, abs=0.1)


def test_a_flac_header_that_lies_about_its_length() -> None:
    file = bytearray(encode(NOISE, RATE, BY_NAME["flac"]))
    total = int.from_bytes(file[21:26], "big") & 0xFFFFFFFFF
    packed = (int.from_bytes(file[21:26], "big") & ~0xFFFFFFFFF) | (total * 4)
    file[21:26] = packed.to_bytes(5, "big")
    assert _probe(bytes(file)).facts.duration_s == pytest.approx(LENGTH_S, abs=0.1)


@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "ogg opus", "webm", "m4a index first"])
def test_what_is_left_of_a_truncated_recording_is_accepted(name: str) -> None:
    file = encode(NOISE, RATE, BY_NAME[name])
    half = file[: len(file) // 2]
    duration = _probe(half).facts.duration_s
    assert LENGTH_S * 0.35 < duration < LENGTH_S * 0.6
    assert len(read_span(io.BytesIO(half), 0, 60)) / 16_000 == pytest.approx(duration, abs=0.6)


def _video_without_sound() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            out.mux(stream.encode(VideoFrame.from_ndarray(np.zeros((48, 64, 3), dtype=np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    return buffer.getvalue()


TROUBLES = {
    "no bytes": (lambda: b"", RecordingEmpty),
    "a text": (lambda: b"Dear all, please find the minutes below.\n" * 50, NotARecording),
    "a playlist": (
        lambda: b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        NotARecording,
    ),
    "a concat script": (lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", NotARecording),
    "random bytes": (lambda: np.random.default_rng(5).bytes(100_000), NotARecording),
    "index missing": (lambda: encode(NOISE, RATE, BY_NAME["m4a index last"])[:20_000], RecordingDamaged),
    "header only": (lambda: encode(NOISE, RATE, BY_NAME["flac"])[:60], RecordingDamaged),
    "pictures only": (_video_without_sound, NoAudioTrack),
    "50 ms": (lambda: encode(NOISE[: RATE // 20], RATE, BY_NAME["wav"]), RecordingTooShort),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_each_trouble_has_its_word(name: str) -> None:
    make, expected = TROUBLES[name]
    with pytest.raises(expected) as caught:
        _probe(make(), "talk.mp3")
    assert isinstance(caught.value, RecordingRejected)
    assert caught.value.message.startswith("expected")


def test_the_readers_own_error_passes() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 50_000:
                raise ConnectionError("the bucket is away")
            return super().read(size)

    file = encode(NOISE, RATE, BY_NAME["mp3"])
    with pytest.raises(ConnectionError):
        probe(Failing(file), name="a.mp3", size_bytes=len(file), etag="")
