"""`sotto jobs delete --receipts`, `sotto verify-receipt`: a receipt is checked with the published key, also offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sotto.cli.exits import Exit
from sotto.cli.main import main
from tests.unit.cli.conftest import Service


@pytest.fixture
def receipt(local: Service, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["transcribe", str(recording)]) == 0
    assert main(["jobs", "delete", "01JOB0", "--receipts", str(tmp_path)]) == 0
    capsys.readouterr()
    return tmp_path / "01JOB0.json"


@pytest.fixture
def keys(local: Service, tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": local.receipt_key.keys()}))
    return path


def test_a_receipt_is_checked_offline(
    receipt: Path, keys: Path, local: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    local.requests.clear()
    assert main(["verify-receipt", str(receipt), "--keys", str(keys)]) == 0
    said, look = capsys.readouterr().out.splitlines()
    assert said == "valid: job 01JOB0 was deleted, and nothing was left at 2026-11-22T12:00:01.000Z"
    assert look.endswith(": object versions: 1 of recordings, 0 of work, 0 of transcripts, 0 of exports; 2 rows")
    assert local.requests == []


def test_the_key_is_asked_for_without_a_session(receipt: Path, local: Service) -> None:
    local.requests.clear()
    assert main(["verify-receipt", str(receipt), "--service", local.url]) == 0
    ((method, path, headers, _),) = local.requests
    assert (method, path) == ("GET", "/v1/receipts/keys")
    assert "Authorization" not in headers


def test_a_changed_receipt_is_refused(receipt: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = json.loads(receipt.read_text())
    changed["receipt"]["looks"][0]["rows"]["jobs"] = 2
    receipt.write_text(json.dumps(changed))
    assert main(["verify-receipt", str(receipt), "--keys", str(keys)]) == Exit.BAD_INPUT
    assert "expected what was signed" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "[]", "{}", "not json"])
def test_another_file_is_refused(keys: Path, tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    assert main(["verify-receipt", str(path), "--keys", str(keys)]) == Exit.BAD_INPUT
    assert main(["verify-receipt", str(tmp_path / "nothing.json"), "--keys", str(keys)]) == Exit.BAD_INPUT


@pytest.mark.parametrize("content", ["{}", '{"keys": 1}', "[]"])
def test_another_key_file_is_refused(receipt: Path, tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    assert main(["verify-receipt", str(receipt), "--keys", str(path)]) == Exit.BAD_INPUT
