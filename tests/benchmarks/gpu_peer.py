"""The peer on the same GPU, with the same forced load: runners/run_forced_tokens.py in an environment of its own.

Of its own also because CTranslate2 wants CUDA 12's cuBLAS, which torch no longer brings.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders import RUNNERS
from tests.benchmarks.environments import libraries_of, python_of
from tests.benchmarks.gpu_speed import FRAMES, Load, speed

TIME_LIMIT_S = 1800


def measure_peer(directory: Path, device: str, load: Load, build: Path) -> dict[str, Any]:
    """Speed of the model in `directory` under CTranslate2, or why there is none."""
    name = "faster-whisper-cuda" if device == "cuda" else "sotto"
    batches = -(-load.windows // load.batch)
    task_file, answer_file = build / "peer-task.json", build / "peer-answer.json"
    task = {
        "model": str(directory),
        "device": device,
        "batch": load.batch,
        "batches": batches,
        "tokens": load.tokens,
        "frames": FRAMES,
        "rounds": load.rounds,
    }
    task_file.write_text(json.dumps(task), encoding="utf-8")
    answer_file.unlink(missing_ok=True)
    try:
        command = [str(python_of(name, build)), str(RUNNERS / "run_forced_tokens.py"), str(task_file), str(answer_file)]
        libraries = filter(None, (libraries_of(name, build), os.environ.get("LD_LIBRARY_PATH")))
        environment = os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}
        subprocess.run(command, check=True, env=environment, timeout=TIME_LIMIT_S)
    except subprocess.SubprocessError as error:  # our own numbers are kept all the same
        return {"not_measured": f"faster-whisper in the environment {name}: {error}"}
    answer: dict[str, Any] = json.loads(answer_file.read_text(encoding="utf-8"))
    if "not_measured" in answer:
        return answer
    return {"engine": answer["engine"], "text": speed(answer["seconds"], batches * load.batch)}
