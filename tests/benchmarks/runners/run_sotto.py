"""Sotto's own policy over either of its engines: the calls that a worker makes, part by part, without the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measure import Transcribe, run

PART_S = 240.0  # the service's own length of a part


def load(task: dict[str, Any]) -> tuple[Transcribe, str]:
    import wave

    from sotto.domain.options import Options
    from sotto.domain.parts import plan_parts
    from sotto.speech.loading import ModelLoader
    from sotto.speech.transcriber import Transcriber

    name = task["model_name"]
    loader = ModelLoader(
        Path(task["model"]).parent,
        engine=task["engine"],
        compute_type=task["compute_type"],
        threads=task["threads"],
    )
    transcriber = Transcriber(loader)
    facts = transcriber.load(name).engine.facts
    options = Options(model=name, language=task["language"], word_times=task["word_times"], beam_size=task["beam_size"])

    def transcribe(path: str) -> str:
        with wave.open(path) as file:
            duration_s = file.getnframes() / file.getframerate()
        texts = []
        for part in plan_parts(duration_s, task.get("part_s", PART_S)):
            with Path(path).open("rb") as recording:
                result = transcriber.transcribe_part(
                    recording,
                    part,
                    duration_s,
                    options,
                    language=task["language"],
                    language_probability=None,
                    on_progress=lambda _seconds: None,
                )
            texts += [segment.text for segment in result.segments]
        return " ".join(texts)

    return transcribe, f"sotto on {facts.engine} {facts.version}, {facts.compute_type}"


if __name__ == "__main__":
    run(load)
