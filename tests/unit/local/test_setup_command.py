"""`sotto setup` writes what the template accepts, and explains what it does not."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import setup_command
from infra.local.template import load, parameters_of
from tests.conftest import ROOT

DECLARED = load(ROOT / "template.yaml")["Parameters"]


def run(folder: Path, *options: str) -> int:
    parser = argparse.ArgumentParser()
    setup_command.register(parser.add_subparsers())
    given = parser.parse_args(["setup", "--folder", str(folder), *options])
    return int(given.run(given))


def test_the_defaults_make_a_file_that_sam_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--yes", "--set", "Stage=prod", "--set", "AudioDays=7") == 0
    written = tmp_path / "samconfig.prod.toml"
    assert tomllib.loads(written.read_text())["prod"]["deploy"]["parameters"]["stack_name"] == "sotto-prod"
    overrides = parameters_of(written, "prod")
    assert (overrides["Stage"], overrides["AudioDays"], overrides["SignUp"]) == ("prod", "7", "invitation")
    assert set(overrides) <= set(DECLARED)
    assert "sam deploy --config-file" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Stage=Prod!", "lower-case"),
        ("AudioDays=0", "from 1 to"),
        ("AudioDays=ten", "whole number"),
        ("Mail=pigeon", "one of outbox, ses, smtp"),
        ("WebOrigin=changeme", "placeholder"),
        ("Nonsense=1", "parameters of template.yaml"),
    ],
)
def test_a_wrong_answer_is_explained_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str, expected: str
) -> None:
    assert run(tmp_path, "--yes", "--set", answer) == setup_command.EXIT_BAD_ANSWER
    assert expected in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_mail_by_ses_needs_a_sender(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--yes", "--set", "Mail=ses") == setup_command.EXIT_BAD_ANSWER
    assert "MailFrom" in capsys.readouterr().err
    assert run(tmp_path, "--yes", "--set", "Mail=ses", "--set", "MailFrom=sotto@sotto.org") == 0


def test_mail_by_smtp_needs_a_server_and_its_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--yes", "--set", "Mail=smtp", "--set", "MailFrom=sotto@sotto.org"]
    for missing, answer in (("SmtpHost", "smtp.sotto.org"), ("SmtpSecret", "sotto/smtp")):
        assert run(tmp_path, *given) == setup_command.EXIT_BAD_ANSWER
        assert f"{missing}: expected an answer, found nothing" in capsys.readouterr().err
        given += ["--set", f"{missing}={answer}"]
    assert run(tmp_path, *given) == 0


@pytest.mark.parametrize(("more", "proxies"), [([], "1"), (["TrustedProxies=2"], "2")])
def test_behind_cloudfront_tries_to_sign_in_are_counted_by_person(
    tmp_path: Path, more: list[str], proxies: str
) -> None:
    given = [option for answer in ("Stage=prod", "ServeWeb=true", *more) for option in ("--set", answer)]
    assert run(tmp_path, "--yes", *given) == 0
    assert parameters_of(tmp_path / "samconfig.prod.toml", "prod")["TrustedProxies"] == proxies


def test_a_person_is_asked_again_until_the_answer_is_right() -> None:
    def answers() -> Iterator[str]:
        yield from ("Prod", "prod", "", "ses", "", "sotto@sotto.org", "open")
        while True:
            yield ""

    typed = answers()
    found = setup_command.collect(DECLARED, {}, lambda _: next(typed))
    assert found["Stage"] == "prod"
    assert (found["Mail"], found["MailFrom"], found["SignUp"]) == ("ses", "sotto@sotto.org", "open")
    assert found["AudioDays"] == str(DECLARED["AudioDays"]["Default"])
