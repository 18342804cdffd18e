"""Looks into a recording with PyAV: real duration, and entry points where the format has no index.

Headers lie (a damaged or edited file may claim any duration), so the claim is only a place to look: the last seconds
are decoded there, and where that yields nothing or something else, every packet is read, without decoding. Formats
without an index are read whole in any case, to note anchors. Memory stays bounded: packets are not kept. It runs in
intake, whose layer has PyAV and no numpy.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition

from sotto.domain.containers import (
    ANCHOR_EVERY_S,
    ANCHORED,
    MIN_RECORDING_S,
    NO_INDEX,
    OPEN_OPTIONS,
    looks_like_a_recording,
)
from sotto.domain.errors import (
    NoAudioTrack,
    NotARecording,
    RecordingDamaged,
    RecordingEmpty,
    RecordingRejected,
    RecordingTooShort,
)
from sotto.domain.parts import Anchor, Probed
from sotto.domain.transcript import RecordingFacts

READ_BYTES = 1 << 20
TAIL_S = 10.0
"""How much of the claimed end is decoded to believe it."""
TAIL_TOLERANCE_S = 2.0
FIRST_FRAME_BYTES = 64
"""Where an MP3's first frame has its count of frames (Xing, Info), if it has one."""
PACKETS_TO_TRY = 400
"""A recording of which so many first packets cannot be decoded is taken for damaged."""


class _Nameless:
    """The recording without its name, from which FFmpeg would guess the format."""

    def __init__(self, recording: BinaryIO) -> None:
        recording.seek(0)
        self.read, self.seek, self.tell = recording.read, recording.seek, recording.tell


def probe(recording: BinaryIO, *, name: str, size_bytes: int, etag: str) -> Probed:
    """Measure `recording`. Raises RecordingEmpty, NotARecording, NoAudioTrack, RecordingDamaged, RecordingTooShort."""
    if size_bytes == 0:
        raise RecordingEmpty("expected a recording, found no bytes")
    head = recording.read(16)
    with _opened(recording, head) as container:
        stream = _audio_stream(container)
        facts = _facts(container, stream, name=name, size_bytes=size_bytes, etag=etag)
        announced = _announced(container)
        if not _decodes(container, stream):
            raise _unreadable(head, "no sound in it can be decoded")
    formats = facts.container.split(",")
    anchors: tuple[Anchor, ...] = ()
    duration = None if NO_INDEX.intersection(formats) else _end_by_tail(recording, head)
    if duration is None:
        duration, anchors = _end_by_scan(recording, head, keep_anchors=bool(set(ANCHORED).intersection(formats)))
    if duration < MIN_RECORDING_S:
        raise RecordingTooShort(f"expected at least {MIN_RECORDING_S} s of sound, found {duration:.3f} s")
    measured = {"duration_s": round(duration, 3), "container": _container_name(formats, name)}
    if announced is not None and _states_its_length(recording, head, formats):
        measured["announced_s"] = round(announced, 3)
    facts = facts.model_copy(update=measured)
    return Probed(facts=facts, anchors=anchors)


def _opened(recording: BinaryIO, head: bytes) -> InputContainer:
    try:
        return av.open(cast("BinaryIO", _Nameless(recording)), "r", options=OPEN_OPTIONS, buffer_size=READ_BYTES)
    except (av.error.FFmpegError, ValueError) as error:
        raise _unreadable(head, "it cannot be opened") from error


def _unreadable(head: bytes, found: str) -> RecordingRejected:
    if looks_like_a_recording(head):
        return RecordingDamaged(f"expected a whole recording, found a damaged one: {found}")
    return NotARecording("expected a recording (sound or video), found something else")


def _audio_stream(container: InputContainer) -> AudioStream:
    best = container.streams.best("audio")
    if best is None:
        if container.streams.video:
            raise NoAudioTrack("expected a recording with a sound track, found pictures only")
        raise NotARecording("expected a recording (sound or video), found neither in the file")
    for stream in container.streams:
        if stream.index != best.index:
            stream.discard = Discard.all  # a video's pictures are not read
    found = cast("AudioStream", best)
    found.codec_context.thread_count = 1
    return found


def _facts(container: InputContainer, stream: AudioStream, *, name: str, size_bytes: int, etag: str) -> RecordingFacts:
    context = stream.codec_context
    return RecordingFacts(
        name=name,
        size_bytes=size_bytes,
        etag=etag,
        duration_s=0.0,
        container=container.format.name,
        codec=context.name,
        sample_rate=context.sample_rate,
        channels=context.channels,
    )


def _container_name(formats: list[str], name: str) -> str:
    """FFmpeg opens a family ("mov,mp4,m4a"); the file's own extension says which member, when it is one."""
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    return extension if extension in formats else formats[0]


def _announced(container: InputContainer) -> float | None:
    """Seconds that the file claims for its sound; None of a video, whose claim may be its pictures'."""
    moving = any(not stream.disposition & Disposition.attached_pic for stream in container.streams.video)
    return container.duration / av.time_base if container.duration and not moving else None


def _states_its_length(recording: BinaryIO, head: bytes, formats: list[str]) -> bool:
    """Whether the claim is the file's own: of those in NO_INDEX FFmpeg guesses it, but for an MP3 with this tag."""
    if not NO_INDEX.intersection(formats):
        return True
    tag_bytes = 0
    if head.startswith(b"ID3"):
        tag_bytes = 10 + sum(byte << 7 * place for place, byte in enumerate(reversed(head[6:10])))
    recording.seek(tag_bytes)
    first_frame = recording.read(FIRST_FRAME_BYTES)
    return b"Xing" in first_frame or b"Info" in first_frame


def _decodes(container: InputContainer, stream: AudioStream) -> bool:
    packets = itertools.islice(_packets(container, stream), PACKETS_TO_TRY)
    return any(_decoded(packet) for packet in packets)


def _end_by_tail(recording: BinaryIO, head: bytes) -> float | None:
    """The end that decoding at the claimed end shows, in seconds; None when the claim does not hold."""
    with _opened(recording, head) as container:
        stream = _audio_stream(container)
        origin, unit = _origin(container), stream.time_base or Fraction(1, 1000)
        if not container.duration:
            return None
        claimed = container.duration / av.time_base
        if claimed > TAIL_S:
            try:
                container.seek(math.floor((claimed - TAIL_S + origin) / unit), stream=stream)
            except av.error.FFmpegError:
                return None
        end = None
        for packet in _packets(container, stream):
            for frame in _decoded(packet):
                if frame.pts is not None and frame.time_base is not None:
                    end = float(frame.pts * frame.time_base) - origin + frame.samples / frame.sample_rate
        if end is None or end < claimed - TAIL_TOLERANCE_S - (TAIL_S if container.streams.video else 0):
            return None
        return end


def _end_by_scan(recording: BinaryIO, head: bytes, *, keep_anchors: bool) -> tuple[float, tuple[Anchor, ...]]:
    """The end of the last packet, and an anchor about every ANCHOR_EVERY_S."""
    anchors: list[Anchor] = []
    with _opened(recording, head) as container:
        stream = _audio_stream(container)
        origin, unit = _origin(container), float(stream.time_base or 0)
        end, next_anchor = 0.0, ANCHOR_EVERY_S
        for packet in _packets(container, stream):
            if packet.pts is None:
                continue
            time = packet.pts * unit - origin
            end = max(end, time + (packet.duration or 0) * unit)
            if keep_anchors and time >= next_anchor and packet.pos is not None and packet.pos > 0:
                anchors.append(Anchor(seconds=round(time, 6), byte=packet.pos))
                next_anchor = time + ANCHOR_EVERY_S
    return end, tuple(anchors)


def _origin(container: InputContainer) -> float:
    """What FFmpeg's clock shows where a player begins."""
    return (container.start_time or 0) / av.time_base


def _packets(container: InputContainer, stream: AudioStream) -> Iterator[Any]:
    """Packets up to the end, or to where the file breaks off. The reader's own errors (Unavailable) pass."""
    try:
        yield from container.demux(stream)
    except av.error.InvalidDataError:
        return


def _decoded(packet: Any) -> list[AudioFrame]:
    try:
        return cast("list[AudioFrame]", packet.decode())
    except av.error.FFmpegError:
        return []
