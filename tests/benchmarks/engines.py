"""`make bench`: engines side by side in one run, on the same machine, the same sound and the same weights.

    python -m tests.benchmarks.engines                         everything, two rounds: about half an hour on two cores
    python -m tests.benchmarks.engines --models tiny.en --clips jfk --rounds 1 --only sotto faster

Each round runs every engine once, in a process and an environment of its own (A B A B), so that a busy minute hits
all alike; medians count. CPU seconds are the fair measure on shared machines; wall time stands beside them. Writes
JSON and Markdown under .build/bench and prints the Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.clips import Clip, audio_folder, audio_source, load_clips
from tests.benchmarks.contenders import CONTENDERS, Contender, ModelFormats
from tests.benchmarks.engines_report import markdown
from tests.benchmarks.environments import python_of
from tests.benchmarks.word_errors import WordErrors, compare

BUILD = machine.ROOT / ".build" / "bench"
TIME_LIMIT_S = 1800


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    BUILD.mkdir(parents=True, exist_ok=True)
    clips = load_clips(BUILD / "audio", set(options.clips) if options.clips else default_clips())
    cold = load_clips(BUILD / "audio", {options.cold_clip} if options.cold_clip else {min(clips, key=_length).name})
    contenders = [c for c in CONTENDERS if not options.only or any(word in c.name for word in options.only)]
    formats = ModelFormats(BUILD)
    report: dict[str, Any] = {
        "machine": machine.facts(),
        "audio": {
            "folder": audio_source(),
            "clips": [clip.name for clip in clips],
            "seconds": round(sum(map(_length, clips)), 1),
        },
        "threads": options.threads,
        "rounds": options.rounds,
        "models": {},
    }
    for model in options.models:
        results: dict[str, dict[str, Any]] = {c.name: {"runs": [], "cold_starts_s": []} for c in contenders}
        for number in range(options.rounds):
            for contender in contenders:
                sys.stderr.write(f"{model}, round {number + 1} of {options.rounds}: {contender.name}\n")
                run, _ = _run(contender, formats, model, clips, options.threads)
                results[contender.name]["runs"].append(run)
                _, cold_s = _run(contender, formats, model, cold, options.threads)
                results[contender.name]["cold_starts_s"].append(cold_s)
        report["models"][model] = {
            "sha256": formats.files(model).sha256,
            "engines": {name: _summary(result, clips) for name, result in results.items()},
        }
        # After each model, so that a run that is broken off leaves what it has.
        (BUILD / "engines.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
        (BUILD / "engines.md").write_text(markdown(report), encoding="utf-8")
    sys.stdout.write(markdown(report))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.engines")
    parser.add_argument("--models", nargs="+", default=["tiny.en", "base"])
    parser.add_argument("--clips", nargs="+", help="names of the manifest, without extension")
    parser.add_argument("--cold-clip", help="the clip of the cold start; the shortest one otherwise")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="+", help="engines whose name holds one of these words")
    return parser.parse_args(arguments)


def default_clips() -> set[str] | None:
    """The long recording where it is there: joined from the others, so all of them would count twice."""
    manifest = json.loads((audio_folder() / "manifest.json").read_text(encoding="utf-8"))
    names = {Path(entry["file"]).stem for entry in manifest}
    return {"long5"} if "long5" in names else None


def _length(clip: Clip) -> float:
    return clip.duration_s


def _run(
    contender: Contender, formats: ModelFormats, model: str, clips: list[Clip], threads: int
) -> tuple[dict[str, Any], float]:
    """One process over all clips: what its runner measured, and seconds from its start to its first text."""
    task = {
        "audio": [str(clip.wav) for clip in clips],
        "threads": threads,
        "model": str(formats.path(model, contender.model_format)),
        "model_name": model,
        "language": "en",
        **contender.task,
    }
    task_file, answer = BUILD / "task.json", BUILD / "answer.json"
    task_file.write_text(json.dumps(task), encoding="utf-8")
    answer.unlink(missing_ok=True)
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "NO_COLOR": "1",
    }
    command = [str(python_of(contender.environment, BUILD)), str(contender.runner_path), str(task_file), str(answer)]
    started = time.monotonic()
    subprocess.run(command, check=True, env=environment, timeout=TIME_LIMIT_S, stdout=subprocess.DEVNULL)
    result: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return result, result["first_text_at"] - started


def _summary(result: dict[str, Any], clips: list[Clip]) -> dict[str, Any]:
    """Medians over the rounds; word errors of the first round (the text is the same in all, or it is said)."""
    runs = result["runs"]
    texts = [[file["text"] for file in run["files"]] for run in runs]
    errors = WordErrors()
    for clip, text in zip(clips, texts[0], strict=True):
        errors.add(compare(clip.reference, text))
    cpu = [sum(file["cpu_s"] for file in run["files"]) for run in runs]
    wall = [sum(file["wall_s"] for file in run["files"]) for run in runs]
    return {
        "version": runs[0]["version"],
        "cpu_s": round(statistics.median(cpu), 2),
        "cpu_s_each": [round(value, 2) for value in cpu],
        "wall_s": round(statistics.median(wall), 2),
        "load_cpu_s": round(statistics.median(run["load_cpu_s"] for run in runs), 2),
        "x_real_time_cpu": round(sum(map(_length, clips)) / statistics.median(cpu), 2),
        "peak_memory_mb": round(statistics.median(run["peak_memory_mb"] for run in runs)),
        "cold_start_s": round(statistics.median(result["cold_starts_s"]), 2),
        "cold_starts_s_each": [round(value, 2) for value in result["cold_starts_s"]],
        "errors": errors.as_dict(),
        "same_text_every_round": all(text == texts[0] for text in texts),
        "texts": texts[0],
    }


if __name__ == "__main__":
    sys.exit(main())
