"""Which recordings are read, and how to enter them: known alike to intake's probe and to the engine's decoder.

Only demuxers on this list may open an upload. FFmpeg also has demuxers that follow references (playlists, DASH,
concat scripts) or read devices; an uploaded text file must never make the service open other files or addresses.
"""

from __future__ import annotations

FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,eac3,flac,flv,gsm,loas,matroska,webm,mov,mp2,mp3,mp4,mpc,mpc8,mpeg,"
    "mpegts,mxf,nut,ogg,oma,rm,shn,tak,tta,voc,w64,wav,wsaud,wv,xwma"
)
"""FFmpeg demuxer names, in the form that its option `format_whitelist` takes."""

OPEN_OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "none"}
"""For every av.open of an upload: no other demuxer, and no address or file beside the stream that we hand in."""

NO_INDEX = frozenset({"aac", "ac3", "amr", "dts", "eac3", "gsm", "loas", "mp2", "mp3", "shn"})
"""Formats whose own seeking guesses: they are entered at an Anchor (a byte), or read from the start."""

ANCHORED = ("aac", "ac3", "eac3", "mp3")
"""Those of NO_INDEX that can be opened at the start of any packet, because every frame describes itself."""

ANCHOR_EVERY_S = 5.0
"""Distance of the anchors that the probe notes: 7200 of them in ten hours."""

ANCHOR_LEAD_S = 3.0
"""An anchor lies at least this much before what is read: the decoder needs some past to begin well."""

MIN_RECORDING_S = 0.1
"""Shorter than any syllable."""

_STARTS = (b"RIFF", b"RF64", b"OggS", b"fLaC", b"ID3", b"\x1aE\xdf\xa3", b"FORM", b"caff", b"#!AMR", b"0&\xb2u")


def looks_like_a_recording(head: bytes) -> bool:
    """Whether the first bytes belong to a known container: then a failure to open it means damage, not a mistake."""
    return head.startswith(_STARTS) or head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free")
