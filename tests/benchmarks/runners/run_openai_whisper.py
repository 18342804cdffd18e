"""openai-whisper, greedy, no word times: `whisper.transcribe` as its users call it."""

from __future__ import annotations

from typing import Any

from measure import Transcribe, run


def load(task: dict[str, Any]) -> tuple[Transcribe, str]:
    import wave

    import numpy as np
    import torch
    import whisper

    torch.set_num_threads(task["threads"])
    model = whisper.load_model(task["model"], device="cpu")

    def transcribe(path: str) -> str:
        with wave.open(path) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
        return str(model.transcribe(samples, language=task["language"], fp16=False)["text"])

    return transcribe, f"openai-whisper {whisper.__version__}, torch {torch.__version__}"


if __name__ == "__main__":
    run(load)
