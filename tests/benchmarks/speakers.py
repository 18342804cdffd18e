"""Who speaks: how many speakers are found, and how much of the speech gets the wrong one.

    python -m tests.benchmarks.speakers --model base

Recordings of several people, joined from the clips of people reading (`../shared/audio`) and from flite's voices, so
that the truth is known: whose clip it is. Each is transcribed in one part and in short ones, as workers do. The error
is the share of speech (by the detector, in frames of 32 ms) that is nobody's or not the right person's, under the best
assignment of names (diarization error without false alarms, no collar); beside it the share of words.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence

import numpy as np

from sotto.domain.joining import join_parts
from sotto.domain.options import Options
from sotto.domain.parts import plan_parts
from sotto.domain.transcript import Segment
from sotto.speech.loading import ModelLoader
from sotto.speech.model_sources import from_hub, from_packages
from sotto.speech.transcriber import Transcriber
from sotto.speech.voice_activity import VAD_FRAME_S, VoiceActivity
from tests.benchmarks import machine
from tests.benchmarks.clips import SAMPLE_RATE, audio_folder, decode
from tests.benchmarks.policy_checks import ONE_PASS_S, Sound
from tests.benchmarks.spoken import SENTENCES, has_flite, say
from tests.recordings import wav

Piece = tuple[str, Sound]
PAUSE_S = 0.3


def recordings() -> dict[str, list[Piece]]:
    """Name -> who says what, in order."""
    found: dict[str, list[Piece]] = {}
    folder = audio_folder()
    if (folder / "jfk.flac").is_file():
        reader = [("LJ", decode(folder / f"LJ001-{number:04d}.flac")) for number in range(1, 23)]
        first, second, speech = (decode(folder / f"{name}.flac") for name in ("sonnet1", "sonnet2", "jfk"))
        poems = [
            ("sonnets", sonnet[SAMPLE_RATE * start : SAMPLE_RATE * (start + length)])
            for sonnet, start, length in (
                (first, 3, 9),
                (first, 13, 5),
                (first, 20, 12),
                (second, 4, 8),
                (second, 30, 6),
            )
        ]
        half = len(speech) // 2
        talk = [("JFK", speech[:half]), ("JFK", speech[half:])]
        found["one reader"] = list(reader)
        found["another reader"] = [("sonnets", first), ("sonnets", second)]
        found["two readers"] = _alternating(reader, poems)
        found["three people"] = _alternating(reader, poems, talk)
        found["three people, twice as long"] = found["three people"] + _alternating(reader[10:], poems, talk)
    if has_flite():
        for names in (("slt", "rms"), ("awb", "rms"), ("slt", "awb", "rms", "kal16")):
            voices = [[(name, say(name, sentence)[0]) for sentence in SENTENCES[:8]] for name in names]
            found[f"flite's {', '.join(names)}"] = _alternating(*voices)
    return found


def _alternating(*people: Sequence[Piece]) -> list[Piece]:
    return [piece for turn in itertools.zip_longest(*people) for piece in turn if piece]


def measured(transcriber: Transcriber, model: str, pieces: Sequence[Piece], part_s: float) -> dict[str, float]:
    """Speakers found, and the shares of speech and of words with a wrong one."""
    pause = np.zeros(int(PAUSE_S * SAMPLE_RATE), np.int16)
    sound = np.concatenate([part for _, piece in pieces for part in (piece, pause)])
    names = sorted({name for name, _ in pieces})
    truth = np.concatenate(
        [
            np.full(len(part), number)
            for name, piece in pieces
            for part, number in ((piece, names.index(name)), (pause, -1))
        ]
    )
    duration_s = len(sound) / SAMPLE_RATE
    options = Options(model=model, language="en", speakers=True)
    parts = [
        transcriber.transcribe_part(
            wav(sound.astype(np.float32) / 32768),
            part,
            duration_s,
            options,
            language="en",
            language_probability=None,
            on_progress=lambda _seconds: None,
        )
        for part in plan_parts(duration_s, part_s)
    ]
    segments = join_parts(parts).segments
    speech = VoiceActivity().probabilities(sound.astype(np.float32) / 32768) >= 0.5
    frames = np.arange(len(speech)) * int(VAD_FRAME_S * SAMPLE_RATE)
    said = truth[np.minimum(frames, len(truth) - 1)]
    wanted = speech & (said >= 0)
    given = _by_frame(segments, len(speech))
    words = [(segment.speaker, truth[int(word.start * SAMPLE_RATE)]) for segment in segments for word in segment.words]
    best = _assignment(given[wanted].tolist(), said[wanted].tolist())
    return {
        "seconds": round(duration_s, 1),
        "parts": len(parts),
        "people": len(names),
        "found": len({segment.speaker for segment in segments}),
        "speech_error": 1
        - float(np.mean([best.get(a) == b for a, b in zip(given[wanted], said[wanted], strict=True)])),
        "word_error": 1 - float(np.mean([best.get(a) == b for a, b in words if b >= 0])),
    }


def _by_frame(segments: Sequence[Segment], frames: int) -> np.ndarray:  # type: ignore[type-arg]
    """The speaker of each frame: of the words around it, over pauses inside a turn too."""
    given = np.full(frames, "", dtype=object)
    for segment, following in itertools.zip_longest(segments, segments[1:]):
        goes_on = following is not None and following.speaker == segment.speaker
        end = following.start if goes_on else segment.end
        given[int(segment.start / VAD_FRAME_S) : int(np.ceil(end / VAD_FRAME_S))] = segment.speaker
    return given


def _assignment(given: Sequence[str], said: Sequence[int]) -> dict[str, int]:
    """The best match of names and people, greedily by what they share."""
    shared: dict[tuple[str, int], int] = {}
    for pair in zip(given, said, strict=True):
        shared[pair] = shared.get(pair, 0) + 1
    best: dict[str, int] = {}
    for (name, person), _ in sorted(shared.items(), key=lambda one: -one[1]):
        if name and name not in best and person not in best.values():
            best[name] = person
    return best


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.speakers")
    parser.add_argument("--model", default="base")
    parser.add_argument("--parts", nargs="+", type=float, default=[ONE_PASS_S, 60.0], help="lengths of parts, s")
    given = parser.parse_args(arguments)
    transcriber = Transcriber(ModelLoader(machine.ROOT / ".models", (from_packages, from_hub)))
    sys.stdout.write(
        "| recording | s | parts | people | found | speech, wrong % | words, wrong % |\n|---|---|---|---|---|---|---|\n"
    )
    for name, pieces in recordings().items():
        for part_s in given.parts:
            row = measured(transcriber, given.model, pieces, part_s)
            sys.stdout.write(
                f"| {name} | {row['seconds']} | {row['parts']} | {row['people']} | {row['found']} | "
                f"{100 * row['speech_error']:.1f} | {100 * row['word_error']:.1f} |\n"
            )
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
