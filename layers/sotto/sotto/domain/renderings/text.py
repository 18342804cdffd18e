"""Plain text, tab-separated values and Markdown."""

from __future__ import annotations

import re

from sotto.domain.renderings.facts import clock, facts_of
from sotto.domain.renderings.speaking import introduced
from sotto.domain.renderings.view import View
from sotto.domain.transcript import Transcript

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")


def txt(transcript: Transcript, view: View) -> str:
    """A line a segment, the speaker's name where another begins, and times if they were asked for."""
    lines = []
    for segment, name in introduced(transcript.segments):
        time = f"[{clock(segment.start)}] " if view.timestamps else ""
        lines.append(f"{time}{f'{name}: ' if name else ''}{segment.text}\n")
    return "".join(lines)


def tsv(transcript: Transcript, view: View) -> str:
    """Columns start, end (milliseconds, as openai-whisper writes them) and text; a row a segment or a word."""
    if view.words:
        rows = [
            (word.start, word.end, word.text)
            for segment in transcript.segments
            for word in segment.words or (segment,)  # without word times a segment is the smallest thing with a time
        ]
    else:
        rows = [(segment.start, segment.end, segment.text) for segment in transcript.segments]
    lines = (f"{round(start * 1000)}\t{round(end * 1000)}\t{' '.join(text.split())}\n" for start, end, text in rows)
    return "start\tend\ttext\n" + "".join(lines)


def md(transcript: Transcript, view: View) -> str:
    """A title, the facts as a list, a paragraph a segment."""
    (_, name), *facts = facts_of(transcript, view)
    head = f"# {_plain(name)}\n\n" + "".join(f"- {label}: {_plain(value)}\n" for label, value in facts)
    paragraphs = []
    for segment, name in introduced(transcript.segments):
        bold = " ".join(
            filter(None, (clock(segment.start) if view.timestamps else "", f"{_plain(name)}:" if name else ""))
        )
        paragraphs.append(f"\n**{bold}** {_plain(segment.text)}\n" if bold else f"\n{_plain(segment.text)}\n")
    return head + "".join(paragraphs)


def _plain(text: str) -> str:
    """`text` on one line, with what Markdown would read as markup escaped; a leading dash or number would be a list."""
    line = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return re.sub(r"^([-+]|\d+(?=[.)]))", lambda found: _listless(found.group(1)), line)


def _listless(start: str) -> str:
    return f"\\{start}" if start in "-+" else f"{start}\u2060"
