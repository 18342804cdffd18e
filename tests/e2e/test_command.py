"""The command line against the whole service: from a recording on disk to a corrected Word document."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import docx
import pytest

from sotto.client import Sotto
from tests.e2e.caller import word_errors
from tests.e2e.conftest import RunningStack, sotto
from tests.recordings import SAMPLE, SAMPLE_TEXT
from tests.waiting import until

pytestmark = pytest.mark.e2e

FOUND_WITHIN_S = 60.0


def test_from_a_recording_to_a_corrected_document(
    stack: RunningStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    email, password = stack.credentials
    with Sotto(stack.web_url, email=email, password=password) as client:
        monkeypatch.setenv("SOTTO_API_KEY", client.create_key("command", ["jobs:read", "jobs:write"], 1).secret)

    def run(*arguments: str) -> str:
        ran = sotto(*arguments, "--service", stack.web_url, within_s=120)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    folder = tmp_path / "talks"
    (folder / "May").mkdir(parents=True)
    shutil.copy(SAMPLE, folder / "May" / "talk.ogg")
    line = json.loads(run("transcribe", str(folder), "--model", "tiny.en", "--tag", "command", "--json"))
    assert (line["file"], line["status"], line["error"]) == ("May/talk.ogg", "COMPLETED", None)
    assert word_errors(SAMPLE_TEXT, line["transcript"]) <= 3
    job_id = line["job_id"]
    assert job_id in run("jobs", "list", "--tag", "command")

    old = line["transcript"].split()[0].strip(".,").lower()
    run("transcript", "edit", job_id, "--replace", old, "Zanzibar")
    assert "+ Zanzibar" in run("transcript", "diff", job_id)
    run("transcript", "export", job_id, "--format", "docx", "--output", str(tmp_path))
    document = docx.Document(io.BytesIO((tmp_path / "talk.ogg.docx").read_bytes()))
    assert any("Zanzibar" in paragraph.text for paragraph in document.paragraphs)
    until(lambda: job_id in run("search", "zanzibar"), FOUND_WITHIN_S)
    run("jobs", "delete", job_id)
    assert run("jobs", "list", "--tag", "command") == ""
