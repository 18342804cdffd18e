"""Reads an exact span of a recording as mono samples, without reading what lies before it.

The same span of the same bytes gives the same samples, whoever reads it: each read opens the recording afresh,
enters at the same place (an index, an anchor, or the start), decodes a pre-roll that it throws away (codecs need
a little past: MP3's bit reservoir, Opus' prediction), and never depends on what was read earlier. Two workers rely on
this when both choose the cut between them (domain/parts.py).

Time 0 is where a player starts the file. A track that begins later is preceded by silence, a hole in the track is
silence, so the times of words are the times that a player shows. Memory is bounded by the span.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from sotto.domain.containers import ANCHORED, NO_INDEX, OPEN_OPTIONS
from sotto.domain.errors import NoAudioTrack, RecordingDamaged
from sotto.domain.parts import Anchor
from sotto.speech.downmix import audible, mono
from sotto.speech.engine import SAMPLE_RATE, Samples

LEAD_S = 2
"""Decoded before the span and thrown away: one second for the codec, one to reach a whole second (see below)."""
GAP_S = 0.1
"""Time stamps that jump by less are rounding (WebM counts milliseconds); more is a hole, filled with silence."""
READ_BYTES = 1 << 18
"""Per read of the recording: one range request to the bucket costs more than the bytes it brings."""


def read_span(recording: BinaryIO, start: float, end: float, anchor: Anchor | None = None) -> Samples:
    """Mono float32 samples at 16 kHz of [start, end) seconds; fewer where the recording ends earlier.

    Channels are mixed, and very quiet audio is lifted, by what is measured in the span (downmix.py).
    `anchor` is where to enter a format without an index; it lies ANCHOR_LEAD_S or more before `start`.
    Raises RecordingDamaged when the recording cannot be opened, NoAudioTrack.
    """
    first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
    planes: npt.NDArray[np.float32] = np.zeros((1, 0), dtype=np.float32)
    written = 0
    lead = max(0, math.floor(start) - LEAD_S)
    for at, piece in _resampled(_on_whole_seconds(_frames(recording, lead, end, anchor), lead)):
        if planes.shape[1] == 0:
            planes = np.zeros((2, last - first), dtype=np.float32)
        low, high = max(at, first), min(at + piece.shape[1], last)
        if low < high:
            planes[:, low - first : high - first] = piece[:, low - at : high - at]  # mono fills both
            written = max(written, high - first)
    return audible(mono(planes[:, :written]))


def _resampled(frames: Iterator[tuple[float, AudioFrame]]) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """Pieces [channels, n] at 16 kHz, and the sample of the recording at which each begins."""
    resampler: AudioResampler | None = None
    kind: tuple[Any, ...] = ()
    at, expected = 0, 0.0
    for time, frame in frames:
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or now != kind or abs(time - expected) > GAP_S:
            for piece in _through(resampler, None):
                yield at, piece
                at += piece.shape[1]
            # FFmpeg folds surround into stereo by its standard matrix; stereo into mono is our own affair.
            layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            resampler = AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)
            kind, at, expected = now, round(time * SAMPLE_RATE), time
        expected += frame.samples / frame.sample_rate
        for piece in _through(resampler, frame):
            yield at, piece
            at += piece.shape[1]
    for piece in _through(resampler, None):
        yield at, piece
        at += piece.shape[1]


def _on_whole_seconds(frames: Iterator[tuple[float, AudioFrame]], lead: int) -> Iterator[tuple[float, AudioFrame]]:
    """Drop what lies before the first whole second, unless the recording itself begins there.

    A second is a whole number of samples at every rate, so the resampler starts in the same phase wherever a read
    enters, and two overlapping reads agree sample for sample (in formats whose time stamps are exact).
    """
    grid: int | None = None if lead else 0
    for time, frame in frames:
        grid = math.ceil(time - 0.5 / frame.sample_rate) if grid is None else grid
        drop = round((grid - time) * frame.sample_rate)
        if drop >= frame.samples:
            continue
        if drop > 0:
            yield float(grid), _without_first(frame, drop)
        else:
            yield time, frame


def _without_first(frame: AudioFrame, drop: int) -> AudioFrame:
    values = frame.to_ndarray()
    kept = values[:, drop * (1 if frame.format.is_planar else frame.layout.nb_channels) :]
    kept = cast("npt.NDArray[np.float32]", np.ascontiguousarray(kept))
    rest = AudioFrame.from_ndarray(kept, format=frame.format.name, layout=frame.layout.name)
    rest.sample_rate = frame.sample_rate
    return rest


def _through(resampler: AudioResampler | None, frame: AudioFrame | None) -> Iterator[npt.NDArray[np.float32]]:
    if resampler is None:
        return
    if frame is not None:
        frame.pts = None  # positions are counted here; the resampler must not fill gaps of its own
    for out in resampler.resample(frame):
        yield cast("npt.NDArray[np.float32]", out.to_ndarray())


def _frames(recording: BinaryIO, lead: int, end: float, anchor: Anchor | None) -> Iterator[tuple[float, AudioFrame]]:
    """Decoded frames from `lead` (or a little earlier) to `end`, each with its time in the recording."""
    frames = _decoded(recording, lead, anchor, seek=True)
    first = next(frames, None)
    if lead > 0 and (first is None or first[0] > lead + LEAD_S / 2):
        frames.close()  # the index brought us too far, or nowhere: read from the start
        frames = _decoded(recording, lead, None, seek=False)
        first = next(frames, None)
    while first is not None and first[0] < end:
        yield first
        first = next(frames, None)
    frames.close()


def _decoded(recording: BinaryIO, lead: int, anchor: Anchor | None, *, seek: bool) -> Any:
    """A generator of (time, frame); packets before `lead` are passed over without decoding them."""
    entry = anchor if anchor is not None and 0 < anchor.seconds <= lead else None
    options = OPEN_OPTIONS | ({"format_whitelist": ",".join(ANCHORED)} if entry else {})
    with _opened(FromByte(recording, entry.byte if entry else 0), options) as container:
        stream = _audio_stream(container)
        unit = stream.time_base or Fraction(1, SAMPLE_RATE)
        origin = entry.seconds if entry else -(container.start_time or 0) / av.time_base
        if seek and lead > 0 and not entry and not NO_INDEX.intersection(container.format.name.split(",")):
            container.seek(math.floor((lead - origin) / unit), stream=stream)
        expected = None
        for packet in _packets(container, stream):
            if packet.pts is not None and packet.pts * unit + origin < lead - GAP_S:
                continue
            for frame in _decode(packet):
                if frame.pts is not None and frame.time_base is not None:
                    expected = float(frame.pts * frame.time_base) + origin
                if expected is not None:
                    yield expected, frame
                    expected += frame.samples / frame.sample_rate


def _opened(source: FromByte, options: dict[str, str]) -> InputContainer:
    try:
        return av.open(cast("BinaryIO", source), "r", options=options, buffer_size=READ_BYTES)
    except av.error.FFmpegError as error:
        raise RecordingDamaged("expected a recording that FFmpeg can open, found damaged or foreign data") from error


def _audio_stream(container: InputContainer) -> AudioStream:
    best = container.streams.best("audio")
    if best is None:
        raise NoAudioTrack("expected a recording with a sound track, found none")
    for stream in container.streams:
        if stream.index != best.index:
            stream.discard = Discard.all  # so that a video's pictures are not even read
    stream = cast("AudioStream", best)
    stream.codec_context.thread_count = 1
    return stream


def _packets(container: InputContainer, stream: AudioStream) -> Iterator[Any]:
    """Packets up to the end or to where the file breaks off; a reader's own errors pass."""
    try:
        yield from container.demux(stream)
    except av.error.InvalidDataError:
        return


def _decode(packet: Any) -> list[AudioFrame]:
    try:
        return cast("list[AudioFrame]", packet.decode())
    except av.error.FFmpegError:  # a broken packet: the hole becomes silence
        return []


@dataclass
class FromByte:
    """The recording as it looks from `offset` on; hides its name, which FFmpeg would take as a hint of the format."""

    recording: BinaryIO
    offset: int

    def __post_init__(self) -> None:
        self.recording.seek(self.offset)

    def read(self, size: int = -1) -> bytes:
        return self.recording.read(size)

    def tell(self) -> int:
        return self.recording.tell() - self.offset

    def seek(self, position: int, whence: int = 0) -> int:
        return self.recording.seek(position + (self.offset if whence == 0 else 0), whence) - self.offset
