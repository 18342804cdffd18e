"""`make bench`, second half: parts against one pass, sounds without speech, the error of word times, and whether the
quality report points at the errors.

    python -m tests.benchmarks.policy --models tiny.en base
    python -m tests.benchmarks.policy --models tiny.en --clips jfk --parts 10 --sections parts

Writes JSON and Markdown under .build/bench and prints the Markdown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sotto.speech.loading import ModelLoader
from sotto.speech.model_sources import from_hub, from_packages
from sotto.speech.transcriber import Transcriber
from tests.benchmarks import machine
from tests.benchmarks.clips import audio_source, load_clips
from tests.benchmarks.policy_checks import parts_and_one_pass, spots_and_errors, without_speech, word_times
from tests.benchmarks.spoken import has_flite

BUILD = machine.ROOT / ".build" / "bench"
SECTIONS = ("parts", "silence", "words", "spots")
NOISES = (0.0, 0.1, 0.2)
"""Shares of a recording's loudness, for `spots`: without any, few errors are there to find."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    options.build.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"machine": machine.facts(), "audio": audio_source(), "models": {}}
    transcriber = Transcriber(
        ModelLoader(
            machine.ROOT / ".models",
            (from_packages, from_hub),
            engine=options.engine,
            compute_type=options.compute_type,
        )
    )
    report["engine"] = f"{options.engine}, {options.compute_type}, 1 thread"
    clips = load_clips(options.build / "audio", set(options.clips) if options.clips else None)
    clips = [clip for clip in clips if options.clips or clip.name != "long5"]  # long5 is made of the others
    for model in options.models:
        found: dict[str, Any] = {}
        if "parts" in options.sections:
            found["parts"] = parts_and_one_pass(transcriber, model, clips, options.parts)
        if "silence" in options.sections:
            found["silence"] = without_speech(transcriber, model)
        if "words" in options.sections:
            found["words"] = word_times(transcriber, model) if has_flite() else "not measured: flite is not installed"
        if "spots" in options.sections:
            found["spots"] = spots_and_errors(transcriber, model, clips, NOISES)
        report["models"][model] = found
    table = markdown(report)
    (options.build / "policy.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (options.build / "policy.md").write_text(table, encoding="utf-8")
    sys.stdout.write(table)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.policy")
    parser.add_argument("--models", nargs="+", default=["tiny.en", "base"])
    parser.add_argument("--clips", nargs="+", help="clips to join; all of the manifest otherwise")
    parser.add_argument("--parts", nargs="+", type=float, default=[240.0, 120.0, 60.0], help="lengths of parts, s")
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--engine", choices=("ctranslate2", "torch"), default="ctranslate2")
    parser.add_argument("--compute-type", default="int8")
    parser.add_argument("--build", type=Path, default=BUILD)
    return parser.parse_args(arguments)


def markdown(report: dict[str, Any]) -> str:
    """The tables, with machine, command and sound above them."""
    facts = report["machine"]
    lines = [
        f"{facts['processor']} x {facts['cores']}, {facts['date']}, commit {facts['commit']}; {report['engine']}; "
        f"sound from `{report['audio']}`.",
        f"`{facts['command']}`",
    ]
    for model, found in report["models"].items():
        lines += ["", f"### {model}"]
        lines += _parts(found["parts"]) if "parts" in found else []
        lines += _silence(found["silence"]) if "silence" in found else []
        lines += _words(found["words"]) if "words" in found else []
        lines += _spots(found["spots"]) if "spots" in found else []
    return "\n".join(lines) + "\n"


def _parts(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["", f"Parts against one pass ({rows[0]['seconds']} s):", ""]
    lines += ["| parts of | parts | WER % | sub / del / ins | against one pass: sub / del / ins | times in order |"]
    lines += ["|---|---|---|---|---|---|"]
    for row in rows:
        length = "one pass" if row["part_s"] is None else f"{row['part_s']:g} s"
        kinds = [
            f"{errors['substitutions']} / {errors['deletions']} / {errors['insertions']}"
            for errors in (row["errors"], row["against_one_pass"])
        ]
        lines.append(
            f"| {length} | {row['parts']} | {100 * row['errors']['rate']:.2f} | {kinds[0]} | {kinds[1]} | "
            f"{'yes' if row['words_in_order'] else 'NO'} |"
        )
    return lines


def _silence(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["", "60 s without speech:", "", "| sound | voice activity | words | windows dropped | text |"]
    lines += ["|---|---|---|---|---|"]
    return lines + [
        f"| {row['sound']} | {'on' if row['voice_activity'] else 'off'} | {row['words']} | {row['windows_dropped']} | "
        f"{row['text']} |"
        for row in rows
    ]


def _words(rows: list[dict[str, Any]] | str) -> list[str]:
    if isinstance(rows, str):
        return ["", f"Word times: {rows}."]
    lines = ["", "Word times against flite's own, milliseconds:", ""]
    lines += ["| voice | words found | start: median, mean, p90, most | end: median, mean, p90, most | in order |"]
    lines += ["|---|---|---|---|---|"]
    for row in rows:
        starts, ends = (", ".join(str(value) for value in row[key].values()) for key in ("start_ms", "end_ms"))
        order = "yes" if row["in_order"] else "NO"
        lines.append(f"| {row['voice']} | {row['matched']} of {row['words']} | {starts} | {ends} | {order} |")
    return lines


def _spots(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["", "What the quality report tells a reader to check:", ""]
    lines += ["| noise | errors | of them in spots | words | of them in spots |", "|---|---|---|---|---|"]
    return lines + [
        f"| {row['noise']:g} | {row['errors']} | {row['errors_in_spots']} | {row['words']} | {row['words_in_spots']} |"
        for row in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
