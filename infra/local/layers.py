"""Lambda layers for the emulator: built once into .build/, and reached through a zip that only points there.

A worker unpacks its layers each time it starts. With the real content (PyAV alone is 100 MB) that would be a second
of cold start and a private copy in memory for every worker, and the emulator would carry all zips in its state. So
the zip that is uploaded holds one `.pth` file, and all workers share the built folder, which has the same content as
the layer on AWS (`sam build` makes that one) with two differences: it is built for the interpreter that runs the
emulator's functions (it ignores `Runtime`), and it leaves out the SDK, because AWS's Python runtime brings one and so
does the emulator's environment.

Folders are named after their content, so what did not change is not built again.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from infra.local import emulator
from infra.local.errors import PackagingFailed
from infra.local.places import Places

RUNTIME_BRINGS = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "python_dateutil", "six", "urllib3")
NOT_PACKAGED = ("__pycache__", "Makefile", "requirements.txt", "Dockerfile")
KEEP_S = 14 * 86400
Progress = Callable[[str], None]


def files_of(folder: Path) -> list[Path]:
    """Every file of a function or layer, in a fixed order."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted(path for path in found if not any(part in NOT_PACKAGED for part in path.relative_to(folder).parts))


def build_layer(places: Places, folder: Path, progress: Progress) -> dict[str, bytes]:
    """The files of the layer's zip. Builds what they point at, if it is not there. Raises PackagingFailed."""
    with places.alone("layers"):
        roots = [_requirements(places, folder, progress), _own_packages(places, folder)]
        _forget_old(places.build)
    # The worker reads .pth files where AWS's runtime does. `import` lines run, and so reach the front of the path.
    lines = [f"import sys; sys.path.insert(0, {str(root)!r})" for root in roots if root is not None]
    return {"python/lib/python3/site-packages/layer.pth": ("\n".join(lines) + "\n").encode()}


def _requirements(places: Places, folder: Path, progress: Progress) -> Path | None:
    """Install requirements.txt under the versions of constraints.txt, without what the runtime brings."""
    requirements, constraints = folder / "requirements.txt", places.checkout / "constraints.txt"
    if not requirements.is_file():
        return None
    limits = ["-c", str(constraints)] if constraints.is_file() else []
    digest = hashlib.sha256((places.emulator_environment / "installed").read_bytes())
    for path in (Path(__file__), requirements, constraints):
        digest.update(path.read_bytes() if path.is_file() else b"")
    target = places.build / f"layer-{folder.name}-{digest.hexdigest()[:24]}"
    if _fresh(target):
        return target
    progress(f"building the layer {folder.name}")
    python, partial = emulator.interpreter(places), target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    _run(python, "-m", "pip", "install", "--quiet", "--target", str(partial), "-r", str(requirements), *limits)
    for entry in partial.iterdir():
        if entry.name.partition("-")[0].removesuffix(".py") in (*RUNTIME_BRINGS, "bin"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    _run(python, "-m", "compileall", "-q", str(partial))
    partial.rename(target)
    return target


def _own_packages(places: Places, folder: Path) -> Path | None:
    """A copy of the folder's own packages: an edit in the checkout reaches the stack by `sotto up`, as on AWS."""
    files = files_of(folder)
    if not files:
        return None
    digest = hashlib.sha256((places.emulator_environment / "installed").read_bytes())
    for path in files:
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    target = places.build / f"layer-{folder.name}-own-{digest.hexdigest()[:24]}"
    if _fresh(target):
        return target
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for path in files:
        copy = partial / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    _run(emulator.interpreter(places), "-m", "compileall", "-q", str(partial))
    partial.rename(target)
    return target


def _fresh(target: Path) -> bool:
    """Whether it is built; notes the use, for `_forget_old`."""
    if target.is_dir():
        (target / ".used").touch()
        return True
    return False


def _forget_old(build: Path) -> None:
    """Remove what no stack of this checkout used for two weeks. Younger ones may serve a stack that runs now."""
    for folder in build.glob("layer-*"):
        used = folder / ".used"
        if (used if used.exists() else folder).stat().st_mtime < time.time() - KEEP_S:
            shutil.rmtree(folder)


def _run(python: Path, *arguments: str) -> None:
    done = subprocess.run([str(python), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackagingFailed(f"{' '.join(arguments[1:3])} failed:\n{(done.stderr or done.stdout).strip()[-2000:]}")
