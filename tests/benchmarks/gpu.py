"""`make bench-gpu`: the whole GPU comparison on a machine with an NVIDIA GPU, by itself.

    python -m tests.benchmarks.gpu                                     large-v3 and turbo on the GPU, peer beside it
    python -m tests.benchmarks.gpu --device cpu --shape tiny --windows 2 --batch 2 --tokens 10 --no-text    smoke

Writes JSON beside a Markdown table, and prints the table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks import machine
from tests.benchmarks.gpu_peer import measure_peer
from tests.benchmarks.gpu_speed import Load, measure
from tests.benchmarks.random_model import SHAPES, write_random_model

BUILD = machine.ROOT / ".build" / "bench"
TEXT_MODELS = ("tiny.en", "base")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.stderr.write("bench-gpu: expected an NVIDIA GPU that torch can use, found none (try --device cpu)\n")
        return 2
    load = Load(windows=options.windows, batch=options.batch, tokens=options.tokens, rounds=options.rounds)
    report: dict[str, Any] = {"machine": machine.facts() | {"device": device_name(options.device)}, "speed": []}
    for shape in options.shape:
        directory = write_random_model(options.build / f"random-{shape}", shape)
        ours = measure(directory, shape, options.device, load)
        _release(options.device)
        report["speed"].append(
            {"shape": shape, "sotto": ours, "peer": measure_peer(directory, options.device, load, options.build)}
        )
    report["text"] = [] if options.no_text else _texts(options)
    table = markdown(report)
    options.build.mkdir(parents=True, exist_ok=True)
    (options.build / "gpu.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (options.build / "gpu.md").write_text(table, encoding="utf-8")
    sys.stdout.write(table)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--shape", nargs="*", choices=sorted(SHAPES), default=["large-v3-turbo", "large-v3"])
    parser.add_argument("--windows", type=int, default=512, help="30 s windows a measurement")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=100, help="tokens forced from every window")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compute-type", default="default", help="of the text comparison: float32, bfloat16 ...")
    parser.add_argument("--no-text", action="store_true", help="leave out the comparison with real weights")
    parser.add_argument("--build", type=Path, default=BUILD, help="folder for models and results")
    return parser.parse_args(arguments)


def _texts(options: argparse.Namespace) -> list[dict[str, Any]]:
    from sotto.speech.model_files import find_model
    from sotto.speech.model_sources import from_hub, from_packages
    from tests.benchmarks.clips import load_clips
    from tests.benchmarks.gpu_text import compare_texts

    clips = load_clips(options.build / "audio")
    models = [find_model(name, machine.ROOT / ".models", (from_packages, from_hub)) for name in TEXT_MODELS]
    return [compare_texts(model, clips, options.device, options.compute_type) for model in models]


def device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "CPU"


def _release(device: str) -> None:
    if device == "cuda":
        torch.cuda.empty_cache()


def markdown(report: dict[str, Any]) -> str:
    """The tables of the report, with the machine and the command above them."""
    facts = report["machine"]
    lines = [
        f"{facts['device']}, {facts['processor']} x {facts['cores']}, {facts['date']}, commit {facts['commit']}",
        f"`{facts['command']}`",
        "",
        "| shape | engine | text: x real time | + word times: x | ms a window: mel, encoder, decoder, words | GiB |",
        "|---|---|---|---|---|---|",
    ]
    for entry in report["speed"]:
        ours, peer = entry["sotto"], entry["peer"]
        stages = ", ".join(str(value) for value in ours["stages_ms_a_window"].values())
        lines.append(
            f"| {entry['shape']} | sotto ({ours['engine']}) | {ours['text']['x_real_time']} | "
            f"{ours['text_and_word_times']['x_real_time']} | {stages} | {ours.get('peak_device_memory_gib', '')} |"
        )
        if "text" in peer:
            lines.append(f"| {entry['shape']} | {peer['engine']} | {peer['text']['x_real_time']} | | | |")
        else:
            lines.append(f"| {entry['shape']} | faster-whisper | not measured: {peer['not_measured']} | | | |")
    if report["text"]:
        lines += [
            "",
            "| model | clips | same text | torch against CTranslate2 f32 | torch WER | CTranslate2 WER |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {text['model']} | {text['clips']} | {text['same_text']} | "
            + " | ".join(
                f"{100 * text[key]['rate']:.2f} %"
                for key in ("torch_against_ctranslate2", "torch_against_reference", "ctranslate2_against_reference")
            )
            + " |"
            for text in report["text"]
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
