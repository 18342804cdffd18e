"""The Markdown of an engine comparison: nothing is rounded in anybody's favour."""

from __future__ import annotations

from typing import Any


def markdown(report: dict[str, Any]) -> str:
    """Tables by model, with the machine, the command and the sound above them, and what was lost or invented below."""
    facts, audio = report["machine"], report["audio"]
    lines = [
        f"{facts['processor']} x {facts['cores']}, {facts['memory_gib']} GiB, {facts['system']}, "
        f"Python {facts['python']}; {facts['date']}, commit {facts['commit']}, "
        f"load before the start {facts['load_before'][0]}.",
        f"`{facts['command']}`: {report['rounds']} rounds, {report['threads']} thread(s), "
        f"{audio['seconds']} s of speech from `{audio['folder']}` ({', '.join(audio['clips'])}).",
    ]
    for model, found in report["models"].items():
        lines += [
            "",
            f"### {model} (sha256 {found['sha256'][:8]})",
            "",
            "| engine | CPU s (each round) | x real time by CPU | wall s | WER % | sub / del / ins | peak MB | "
            "cold start s (each) |",
            "|---|---|---|---|---|---|---|---|",
        ]
        engines = found["engines"]
        for name in sorted(engines, key=lambda key: engines[key]["cpu_s"]):
            lines.append(_row(name, engines[name]))
        lines += ["", *(_words(name, engines[name]["errors"]) for name in engines)]
    return "\n".join(lines) + "\n"


def _row(name: str, engine: dict[str, Any]) -> str:
    errors = engine["errors"]
    each = ", ".join(map(str, engine["cpu_s_each"]))
    cold = ", ".join(map(str, engine["cold_starts_s_each"]))
    changed = "" if engine["same_text_every_round"] else " (text differed between rounds)"
    return (
        f"| {name} | {engine['cpu_s']} ({each}) | {engine['x_real_time_cpu']} | {engine['wall_s']} | "
        f"{100 * errors['rate']:.2f}{changed} | "
        f"{errors['substitutions']} / {errors['deletions']} / {errors['insertions']} | {engine['peak_memory_mb']} | "
        f"{engine['cold_start_s']} ({cold}) |"
    )


def _words(name: str, errors: dict[str, Any]) -> str:
    lost = " ".join(errors["deleted"]) or "nothing"
    invented = " ".join(errors["inserted"]) or "nothing"
    return f"- {name}: lost: {lost}; invented: {invented}."
