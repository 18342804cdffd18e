"""Every other command against a service that is the OpenAPI document: what it asks for, and what it prints."""

from __future__ import annotations

import argparse
import io
import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sotto.cli.main import build_parser, main
from sotto.cli.word_edits import replacements
from sotto.client.transcripts import Segment
from tests.conftest import ROOT
from tests.documented import Documented
from tests.unit.cli.conftest import Service

PAGE = (ROOT / "docs" / "cli.md").read_text()


class DocumentedService(Service):
    """Serves whatever is documented, to the holder of one key."""

    def __init__(self) -> None:
        super().__init__()
        self.documented = Documented()
        self.keys["sk_1"] = {}

    def serve(self, method: str, route: str, query: str, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return self.documented.answer(method, route, query, json.dumps(body).encode() if body else b"")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    with DocumentedService() as service:
        monkeypatch.setenv("SOTTO_API_KEY", "sk_1")
        monkeypatch.setattr("sys.stdin", io.StringIO("sk_1\n"))
        assert main(["login", service.url, "--key-stdin"]) == 0
        service.documented.asked.clear()
        yield service.documented.asked


@pytest.mark.parametrize(
    ("command", "route", "said"),
    [
        ("jobs list --status FAILED --tag a --text talk --from 2026-11-01", ("GET", "/jobs"), "2026-11-22  AWAITING"),
        ("jobs label 01J --title x --tag a", ("PATCH", "/jobs/{job_id}"), "2026-11-22 is 2026-11-22, 2026-11-22"),
        ("jobs show 01J", ("GET", "/jobs/{job_id}"), "queue      1 before it, done in about 0:00"),
        ("usage --month 2026-11", ("GET", "/usage"), "0:00 of audio        0.5 s of work  cost 0.50  all"),
        ("usage --json", ("GET", "/usage"), '"engine_s"'),
        ("estimate 60 --model base", ("POST", "/estimates"), "0.5 s of work  cost 0.50"),
        (
            "transcript show 01J --format vtt --words --no-speakers --version 1 --attempt 1",
            ("GET", "/jobs/{job_id}/transcript"),
            "sotto",
        ),
        ("transcript versions 01J", ("GET", "/jobs/{job_id}/versions"), "   1  2026-11-22  engine"),
        ("transcript versions 01J --json", ("GET", "/jobs/{job_id}/versions"), '"versions"'),
        ("transcript diff 01J 1 2", ("GET", "/jobs/{job_id}/diff"), "    0:00  - 2026-11-22\n          + 2026-11-22"),
        ("transcript revert 01J 1", ("POST", "/jobs/{job_id}/revert"), "version 1 says what version 1 said"),
        ("transcript edit 01J --replace 2026-11-22 x", ("POST", "/jobs/{job_id}/edits"), "version 1: 1 operations"),
        ("transcript edit 01J --replace 2026-11-22 x --dry-run", ("GET", "/jobs/{job_id}/segments"), '"text": "x"'),
        ("transcript edit 01J --rename-speaker A Ann", ("POST", "/jobs/{job_id}/edits"), "version 1: 1 operations"),
        ("transcript edit 01J --rename-speaker A Ann --dry-run", ("GET", "/jobs/{job_id}"), '"name": "Ann"'),
        ("search budget --language en --from 2026-11-01", ("GET", "/search"), "2026-11-22      0:00  2026-11-22: "),
        ("search budget --json", ("GET", "/search"), '"highlights"'),
        ("webhooks create https://x.org --event job.failed", ("POST", "/webhooks"), "2026-11-22\nwebhook"),
        ("webhooks list", ("GET", "/webhooks"), "paused ("),
        ("webhooks secret 01W --json", ("POST", "/webhooks/{webhook_id}/secret"), '"secret": "2026-11-22"'),
        ("webhooks delete 01W", ("DELETE", "/webhooks/{webhook_id}"), "deleted 01W"),
        ("webhooks resume 01W", ("POST", "/webhooks/{webhook_id}/resume"), "resumed 01W"),
        ("webhooks test 01W", ("POST", "/webhooks/{webhook_id}/test"), "delivery 2026-11-22 is pending"),
        ("webhooks deliveries 01W --limit 1", ("GET", "/webhooks/{webhook_id}/deliveries"), "there are more"),
        (
            "webhooks redeliver 01W 01D",
            ("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"),
            "is pending",
        ),
        ("keys create nightly --scope jobs:read --days 3", ("POST", "/keys"), "2026-11-22\nkey 2026-11-22"),
        ("keys create nightly --json", ("POST", "/keys"), '"secret"'),
        ("keys list", ("GET", "/keys"), "2026-11-22  2026-11-22"),
        ("keys revoke 01K", ("DELETE", "/keys/{key_id}"), "revoked 01K"),
        ("admin users --limit 3", ("GET", "/users"), "disabled"),
        ("admin usage 01U --month 2026-11", ("GET", "/users/{user_id}/usage"), "0.5 s of work  cost 0.50  all"),
        ("admin invite ada@example.org --role operator", ("POST", "/invitations"), "invited ada@example.org"),
        ("admin role 01U operator", ("PATCH", "/users/{user_id}"), "2026-11-22"),
        ("admin disable 01U", ("PATCH", "/users/{user_id}"), "disabled"),
        ("admin quotas 01U --minutes 60 --bytes default", ("PATCH", "/users/{user_id}"), "2026-11-22"),
        ("admin dlq list --limit 1", ("GET", "/admin/dlq"), "1 waiting, 1 in flight"),
        ("admin dlq redrive --job 01J --dry-run", ("POST", "/admin/dlq/redrive"), "2026-11-22  2026-11-22"),
        ("admin dlq redrive --json", ("POST", "/admin/dlq/redrive"), '"dry_run": true'),
        ("admin reindex --dry-run", ("POST", "/admin/index/rebuild"), "of 2 jobs would be indexed"),
        ("admin reindex --user 01U --whole --json", ("POST", "/admin/index/rebuild"), '"owner": "01U"'),
        ("admin enable 01U", ("PATCH", "/users/{user_id}"), "2026-11-22"),
        ("admin sign-out 01U", ("POST", "/users/{user_id}/sign-out"), "signed 01U out"),
        ("admin delete 01U", ("DELETE", "/users/{user_id}"), "deleted 01U"),
        ("admin audit --day 2026-11-22 --limit 1", ("GET", "/audit"), "there are more"),
    ],
)
def test_a_command_asks_its_route_and_tells_the_answer(
    asked: list[tuple[str, str]], command: str, route: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(command.split()) == 0
    found = capsys.readouterr()
    assert asked[-1] == route
    assert said in found.out + found.err


def test_a_transcript_is_exported_to_files(asked: list[tuple[str, str]], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert main(["transcript", "export", "01J", "--format", "docx", "--format", "srt", "--output", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["2026-11-22.docx", "2026-11-22.srt"]


@pytest.mark.parametrize(
    "command",
    [
        "jobs label 01J",
        "admin quotas 01U",
        "admin quotas 01U --jobs many",
        "transcript diff 01J",
        "transcript diff 01J 1",
        "transcript edit 01J --replace nothing x",
        "transcript edit 01J --replace ... x",
        "transcript edit 01J --operations nowhere.json",
    ],
)
def test_what_makes_no_sense_is_bad_input(asked: list[tuple[str, str]], command: str) -> None:
    assert main(command.split()) == 2
    assert not [route for route in asked if route[0] != "GET"], "nothing was changed"


def segment(*texts: str) -> Segment:
    words = [{"id": n, "text": text, "start": 0.0, "end": 0.0} for n, text in enumerate(texts, 10)]
    return Segment.model_validate({"start": 0.0, "end": 0.0, "text": " ".join(texts), "words": words})


@pytest.mark.parametrize(
    ("old", "new", "operations"),
    [
        ("soto", "Sotto", [(10, 10, "Sotto,"), (13, 13, "“Sotto”")]),
        ("is a tree", "agrees", [(11, 13, "agrees.")]),
        ("tree is", "x", []),
    ],
)
def test_words_are_found_whatever_their_case_and_punctuation(
    old: str, new: str, operations: list[tuple[int, int, str]]
) -> None:
    said = [segment("Soto,", "so", "many", "“SOTO”")] if old == "soto" else [segment("It", "is", "a", "tree.")]
    found = [(one["first"], one["last"], one["text"]) for one in replacements(said, old, new)]
    assert found == operations


def test_words_are_taken_out_when_nothing_takes_their_place() -> None:
    assert list(replacements([segment("um", "so")], "um", "")) == [{"op": "delete", "first": 10, "last": 10}]


def test_speakers_are_renamed_in_one_version(asked: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    renamed = ["--rename-speaker", "Speaker 1", "Ann", "--rename-speaker", "Speaker 2", "Bo"]
    assert main(["transcript", "edit", "01J", *renamed, "--base-version", "3", "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "base_version": 3,
        "operations": [
            {"op": "rename_speaker", "speaker": "Speaker 1", "name": "Ann"},
            {"op": "rename_speaker", "speaker": "Speaker 2", "name": "Bo"},
        ],
    }


# --- the page and the help


def commands(parser: argparse.ArgumentParser, name: str = "sotto") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for word, below in group.choices.items():
            yield from commands(below, f"{name} {word}")


COMMANDS = dict(commands(build_parser()))
OURS = {
    name: parser for name, parser in COMMANDS.items() if parser.get_default("run").__module__.startswith("sotto.cli")
}


@pytest.mark.parametrize("name", OURS)
def test_the_page_has_each_command_and_each_of_its_options(name: str) -> None:
    *group, word = name.split()
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{' '.join(group)} ")]
    assert any(f"`{name}" in row or f"`{word}" in row for row in rows), f"docs/cli.md: expected a row for {name}"
    for action in OURS[name]._actions:
        flags = [flag for flag in action.option_strings if flag.startswith("--") and flag != "--help"]
        assert not flags or any(flag in PAGE for flag in flags), f"docs/cli.md: expected {flags} of {name}"


@pytest.mark.parametrize("name", OURS)
def test_every_help_has_examples_that_can_be_typed(name: str) -> None:
    examples = [line for line in (OURS[name].epilog or "").splitlines() if line.startswith(f"  {name}")]
    assert examples
    for line in examples:
        words = shlex.split(line.partition("&&")[0].partition("<")[0].partition(">")[0])
        assert build_parser().parse_args(words[1:]).run is not None


def test_the_completion_script_is_one_that_bash_reads(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab", reason="an installation from before `sotto completion`")
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert "redeliver" in script
    assert "--rename-speaker" in script
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
