"""faster-whisper, one window after another or its batched pipeline; greedy (beam 1)."""

from __future__ import annotations

from typing import Any

from measure import Transcribe, run


def load(task: dict[str, Any]) -> tuple[Transcribe, str]:
    import ctranslate2
    import faster_whisper

    model: Any = faster_whisper.WhisperModel(
        task["model"],
        device=task.get("device", "cpu"),
        compute_type=task["compute_type"],
        cpu_threads=task["threads"],
    )
    options: dict[str, Any] = {"language": task["language"], "beam_size": 1, "word_timestamps": task["word_times"]}
    if task["batch_size"]:
        model = faster_whisper.BatchedInferencePipeline(model)
        options["batch_size"] = task["batch_size"]

    def transcribe(path: str) -> str:
        segments, _ = model.transcribe(path, **options)
        return " ".join(segment.text.strip() for segment in segments)

    return transcribe, f"faster-whisper {faster_whisper.__version__}, ctranslate2 {ctranslate2.__version__}"


if __name__ == "__main__":
    run(load)
