"""Each peer in an environment of its own, made when first asked for, so that none decides another's versions."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

PACKAGES: dict[str, tuple[str, ...]] = {
    "openai-whisper": ("openai-whisper==20250625",),
    "faster-whisper": ("faster-whisper==1.2.1",),
    "faster-whisper-cuda": ("faster-whisper==1.2.1", "nvidia-cublas-cu12==12.9.1.4"),
    "whisper-cpp": ("pywhispercpp==1.5.1",),
}
"""Environment name -> what is installed there. Pinned: a report must be repeatable."""


def python_of(name: str, folder: Path) -> Path:
    """The interpreter of the environment `name` under `folder`. `sotto` is the one that runs this."""
    if name == "sotto":
        return Path(sys.executable)
    place = _place(name, folder)
    python = place / "bin" / "python"
    marker = place / ".complete"
    wanted = "\n".join(PACKAGES[name])
    if not marker.is_file() or marker.read_text(encoding="utf-8") != wanted:
        sys.stderr.write(f"making the environment for {name} (once, minutes)\n")
        venv.create(place, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES[name]], check=True)
        marker.write_text(wanted, encoding="utf-8")
    return python


def libraries_of(name: str, folder: Path) -> str:
    """LD_LIBRARY_PATH of the environment `name`: where NVIDIA's packages put their libraries; empty without any."""
    return os.pathsep.join(
        str(path) for path in sorted(_place(name, folder).glob("lib/python3*/site-packages/nvidia/*/lib"))
    )


def _place(name: str, folder: Path) -> Path:
    return folder / f"environment-{name}"
