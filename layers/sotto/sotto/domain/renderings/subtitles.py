"""SubRip and WebVTT: captions for players."""

from __future__ import annotations

from collections.abc import Iterator

from sotto.domain.captions import Cue, caption_cues
from sotto.domain.renderings.facts import facts_of
from sotto.domain.renderings.view import View
from sotto.domain.transcript import Transcript


def srt(transcript: Transcript, view: View) -> str:
    """SubRip, which knows no comments and no voices: a name stands before the first cue of each turn."""
    blocks, before = [], None
    for number, cue in enumerate(_cues(transcript, view), 1):
        name = f"{cue.speaker}: " if cue.speaker and cue.speaker != before else ""
        before = cue.speaker
        blocks.append(f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{name}{cue.text}\n")
    return "\n".join(blocks)


def vtt(transcript: Transcript, view: View) -> str:
    """WebVTT; the recording's facts stand in a comment that players skip."""
    note = "\n".join(_escaped(f"{label}: {value}".replace("\n", " ")) for label, value in facts_of(transcript, view))
    blocks = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_voice(cue)}{_escaped(cue.text)}\n"
        for cue in _cues(transcript, view)
    )
    return "\n".join(["WEBVTT\n", f"NOTE\n{note}\n", *blocks])


def _cues(transcript: Transcript, view: View) -> Iterator[Cue]:
    """Cues to read; or, with word times, a cue for each word that has one."""
    if not view.words:
        yield from caption_cues(transcript.segments)
        return
    for segment in transcript.segments:
        if segment.words:
            yield from (Cue(word.start, word.end, word.text, segment.speaker) for word in segment.words)
        else:
            yield Cue(segment.start, segment.end, segment.text, segment.speaker)


def _voice(cue: Cue) -> str:
    """WebVTT's own mark of who speaks; its end is the cue's."""
    return f"<v {_escaped(cue.speaker).replace('>', '&gt;')}>" if cue.speaker else ""


def _clock(seconds: float, point: str) -> str:
    """HH:MM:SS and milliseconds after `point`, rounded once, so that 59.9996 s is a minute."""
    total = round(seconds * 1000)
    return f"{total // 3_600_000:02d}:{total // 60_000 % 60:02d}:{total // 1000 % 60:02d}{point}{total % 1000:03d}"


def _escaped(text: str) -> str:
    """WebVTT reads `&` and `<` as markup, and an arrow would end the cue."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")
