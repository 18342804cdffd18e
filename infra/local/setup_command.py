"""`sotto setup`: ask what an installation on AWS needs to know, check each answer, write samconfig.<stage>.toml.

The questions' words, defaults and rules are the template's own, so they cannot drift from it. Secrets are not asked
for: CloudFormation draws them, and they never pass through this machine.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.local.places import CHECKOUT
from infra.local.template import load

ASKED = (
    "Stage",
    "WebOrigin",
    "Mail",
    "MailFrom",
    "SmtpHost",
    "SmtpSecret",
    "SignUp",
    "ServeWeb",
    "WebCertificateArn",
    "TrustedProxies",
    "WebAclArn",
    "AlarmTopicArn",
    "AudioDays",
    "TranscriptDays",
)
"""What differs from one installation to the next. Everything else has a default that suits most."""
_NEEDED_BY = {"MailFrom": ("ses", "smtp"), "SmtpHost": ("smtp",), "SmtpSecret": ("smtp",)}
"""Without a default that works, for these values of Mail."""
EXIT_BAD_ANSWER = 2
_PLACEHOLDER = re.compile(r"(change[-_ ]?me.*|todo|x{3,}|<.*>|your[-_].*|.*@example\.(com|org))", re.IGNORECASE)
Parameter = Mapping[str, Any]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the `sotto` command."""
    setup = subparsers.add_parser("setup", help="ask for an AWS installation's settings and write its samconfig file")
    setup.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="answer a question beforehand")
    setup.add_argument("--yes", action="store_true", help="take the default wherever --set gives no answer")
    setup.add_argument("--folder", type=Path, default=CHECKOUT, help="where to write (default: the checkout)")
    setup.set_defaults(run=_setup)


def _setup(given: argparse.Namespace) -> int:
    declared = load(CHECKOUT / "template.yaml")["Parameters"]
    known = dict(pair.partition("=")[::2] for pair in given.set)
    try:
        answers = collect(declared, known, None if given.yes else input)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_ANSWER
    stage = answers["Stage"]
    path = given.folder / f"samconfig.{stage}.toml"
    path.write_text(samconfig(answers))
    sys.stdout.write(
        f"\nwrote {path}. Next:\n"
        f"  sam build && sam deploy --config-file {path} --config-env {stage}\n"
        f"  make web/dist/index.html && .venv/bin/python -m infra.web.publish --stack sotto-{stage}\n"
        f"  then make the first administrator: docs/identity.md\n"
    )
    return 0


def collect(
    declared: Mapping[str, Parameter], known: Mapping[str, str], ask: Callable[[str], str] | None
) -> dict[str, str]:
    """The answers. Asks again after a wrong one; without `ask`, a wrong or unknown one raises ValueError."""
    if unknown := sorted(set(known) - set(declared)):
        raise ValueError(f"{', '.join(unknown)}: expected parameters of template.yaml, found none of that name")
    answers: dict[str, str] = {}
    for name in (*ASKED, *sorted(set(known) - set(ASKED))):
        mails = _NEEDED_BY.get(name)
        if mails and answers["Mail"] not in mails and name not in known:
            continue
        parameter = declared[name]
        if name == "TrustedProxies" and answers["ServeWeb"] == "true":
            parameter = {**parameter, "Default": 1}  # CloudFront: else everybody's tries would count as one machine's
        answers[name] = _answer(name, parameter, known.get(name), ask, needed=bool(mails))
    return answers


def _answer(
    name: str, parameter: Parameter, known: str | None, ask: Callable[[str], str] | None, *, needed: bool
) -> str:
    default = str(parameter.get("Default", ""))
    while True:
        if known is not None or ask is None:
            value, known = default if known is None else known, None
        else:
            sys.stdout.write(f"\n{parameter['Description']}\n")
            value = ask(f"{name} [{default or 'empty'}]: ").strip() or default
        wrong = "expected an answer, found nothing" if needed and not value else check(value, parameter)
        if wrong is None:
            return value
        if ask is None:
            raise ValueError(f"{name}: {wrong}")
        sys.stdout.write(f"{name}: {wrong}\n")


def check(value: str, parameter: Parameter) -> str | None:
    """What is wrong with `value`, as expected and found; None when nothing is."""
    if _PLACEHOLDER.fullmatch(value):
        return f"expected a real value, found the placeholder {value!r}"
    if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
        return f"expected one of {', '.join(map(str, parameter['AllowedValues']))}, found {value!r}"
    if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
        return f"expected {parameter.get('ConstraintDescription', parameter['AllowedPattern'])}, found {value!r}"
    if parameter["Type"] == "Number":
        low, high = parameter.get("MinValue", 0), parameter.get("MaxValue")
        if not re.fullmatch(r"\d+", value) or int(value) < low or (high is not None and int(value) > high):
            return f"expected a whole number from {low} to {high or 'any'}, found {value!r}"
    return None


def samconfig(answers: Mapping[str, str]) -> str:
    """The file that `sam deploy` reads. Only what differs from the template's defaults need stand in it."""
    stage = answers["Stage"]
    overrides = "".join(f"    {json.dumps(f'{name}={value}')},\n" for name, value in answers.items() if value)
    return (
        "# Written by `sotto setup`; every parameter is explained in template.yaml. It holds no secret.\n"
        "version = 0.1\n\n"
        f"[{stage}.deploy.parameters]\n"
        f'stack_name = "sotto-{stage}"\n'
        "resolve_s3 = true\n"
        f's3_prefix = "sotto-{stage}"\n'
        'capabilities = "CAPABILITY_IAM"\n'
        "confirm_changeset = true\n"
        "fail_on_empty_changeset = false\n"
        f"parameter_overrides = [\n{overrides}]\n"
        f'tags = "project=sotto stage={stage}"\n'
    )
