"""What a look into a recording finds: real durations whatever headers claim, and the right word for each trouble."""

from __future__ import annotations

import io
import struct
from itertools import pairwise

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
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


GUESSED = ("mp3 without header", "aac")  # FFmpeg's own estimate for them, by the bit rate, is no claim of the file
CLAIMS_NOTHING = (*GUESSED, "mp4 video")


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_whole_recording_is_as_long_as_it_says(form: Format) -> None:
    facts = _probe(encode(NOISE, RATE, form)).facts
    announced = None if form.name in CLAIMS_NOTHING else pytest.approx(LENGTH_S, abs=0.1)
    assert (facts.announced_s, facts.warnings) == (announced, ())


@pytest.mark.parametrize("name", ["aiff", "mp3", "flac", "m4a index first", "webm", "wav 8 kHz mu-law"])
def test_a_recording_that_breaks_off_is_told_by_what_its_header_promised(name: str) -> None:
    file = encode(NOISE, RATE, BY_NAME[name])
    facts = _probe(file[: len(file) // 2]).facts
    assert facts.announced_s == pytest.approx(LENGTH_S, abs=0.1)
    found = f"ends after {facts.duration_s:.0f} s"
    assert facts.warnings == (f"The file says that it lasts 21 s, but its sound {found}: it may be cut off.",)


def test_a_picture_of_the_cover_is_no_video() -> None:
    picture = b"\x00image/png\x00\x03\x00\x89PNG\r\n\x1a\n" + bytes(1000)
    tag = b"APIC" + len(picture).to_bytes(4, "big") + b"\x00\x00" + picture
    size = bytes([0, 0, len(tag) >> 7, len(tag) & 0x7F])  # seven bits a byte
    plain = encode(NOISE, RATE, BY_NAME["mp3"])
    covered = b"ID3\x03\x00\x00" + size + tag + plain[10 + plain[9] :]
    facts = _probe(covered[: len(covered) // 2]).facts
    assert facts.announced_s == pytest.approx(LENGTH_S, abs=0.1)
    assert len(facts.warnings) == 1


@pytest.mark.parametrize("name", GUESSED)
def test_no_promise_is_read_into_a_file_that_makes_none(name: str) -> None:
    file = encode(NOISE, RATE, BY_NAME[name])
    facts = _probe(file[: len(file) // 2]).facts
    assert (facts.announced_s, facts.warnings) == (None, ())


@pytest.mark.parametrize("form", ["mp4", "matroska"])
def test_sound_that_ends_before_the_pictures_is_whole(form: str) -> None:
    facts = _probe(_video(picture_s=30, sound_s=5, form=form)).facts
    assert (facts.duration_s, facts.warnings) == (pytest.approx(5, abs=0.1), ())


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


def _video(picture_s: int, sound_s: int, form: str = "mp4") -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("aac", rate=RATE, layout="mono") if sound_s else None
        for _ in range(5 * picture_s):
            out.mux(stream.encode(VideoFrame.from_ndarray(np.zeros((48, 64, 3), dtype=np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
        if sound is not None:
            heard = AudioFrame.from_ndarray(NOISE[None, : sound_s * RATE], format="fltp", layout="mono")
            heard.sample_rate = RATE
            out.mux(sound.encode(heard))
            out.mux(sound.encode(None))
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
    "pictures only": (lambda: _video(2, 0), NoAudioTrack),
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
