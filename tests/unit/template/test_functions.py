"""Every function has a room of its own: folder, role, log group, share of the concurrency, settings."""

from __future__ import annotations

from typing import Any

import pytest

from sotto.entry import settings
from sotto.entry.settings import Settings
from tests.conftest import ROOT
from tests.unit.template.conftest import Resources, functions_of, of_type

ZIPPED = {
    "ops",
    "notify",
    "webhooks",
    "admin",
    "audio",
    "auth",
    "authorizer",
    "rotate_keys",
    "uploads",
    "jobs",
    "transcripts",
    "index_words",
    "fetch",
    "intake",
    "mark_failed",
    "reconcile",
}
SETTINGS: dict[str, type[Settings]] = {
    "admin": settings.AdminSettings,
    "audio": settings.AudioSettings,
    "auth": settings.AuthSettings,
    "rotate_keys": settings.RotateKeysSettings,
    "uploads": settings.UploadSettings,
    "fetch": settings.FetchSettings,
    "jobs": settings.RetrySettings,
    "transcripts": settings.TranscriptSettings,
    "index_words": settings.IndexSettings,
    "intake": settings.IntakeSettings,
    "mark_failed": settings.KeepSettings,
    "reconcile": settings.ReconcileSettings,
    "transcribe": settings.TranscribeSettings,
    "webhooks": settings.WebhookSettings,
    "notify": settings.NotifySettings,
    "ops": settings.OpsSettings,
}
SET_BY_GLOBALS = {"SOTTO_STAGE"}
ONE_ON_LAMBDA = {"SOTTO_CONCURRENCY"}
"""Lambda gives a process one part at a time, so the default of 1 is the only right value."""


def _variables(properties: dict[str, Any]) -> set[str]:
    return set(properties["Environment"]["Variables"])


def _logical_ids(resources: Resources) -> list[str]:
    return list(of_type(resources, "AWS::Serverless::Function"))


def test_the_functions_are_the_folders(resources: Resources) -> None:
    folders = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert set(functions_of(resources)) == folders == ZIPPED | {"transcribe"}


def test_a_zipped_function_is_one_handler_and_the_layer(resources: Resources) -> None:
    for name, properties in functions_of(resources).items():
        if name in ZIPPED:
            assert properties["CodeUri"] == f"functions/{name}"
            assert (ROOT / "functions" / name / "handler.py").is_file()
            assert properties["AutoPublishAliasAllProperties"] is True, name


def test_only_intake_carries_the_decoder(resources: Resources) -> None:
    with_more = {name: one["Layers"] for name, one in functions_of(resources).items() if "Layers" in one}
    assert with_more == {"intake": [{"Ref": "MediaLayer"}]}


def test_every_function_has_its_own_role_and_log_group(resources: Resources) -> None:
    for name in _logical_ids(resources):
        stem = name.removesuffix("Function")
        properties = resources[name]["Properties"]
        assert properties["Role"] == {"Fn::GetAtt": [f"{stem}Role", "Arn"]}
        assert properties["LoggingConfig"] == {"LogGroup": {"Ref": f"{stem}Log"}, "LogFormat": "JSON"}
        log = resources[f"{stem}Log"]["Properties"]["LogGroupName"]["Fn::Sub"]
        assert log.rpartition("/")[2] == properties["FunctionName"]["Fn::Sub"].rpartition("-")[2]


def test_every_function_has_its_share_of_the_concurrency(resources: Resources) -> None:
    for name, properties in functions_of(resources).items():
        assert "ReservedConcurrentExecutions" in properties, name
    assert functions_of(resources)["reconcile"]["ReservedConcurrentExecutions"] == 1, "two sweeps at once help nobody"


def test_a_function_behind_the_api_answers_before_the_gateway_gives_up(resources: Resources) -> None:
    for name, properties in functions_of(resources).items():
        if any(event["Type"] == "Api" for event in properties.get("Events", {}).values()):
            assert properties["Timeout"] <= 29, name


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_function_gets_exactly_the_settings_of_its_process(resources: Resources, name: str) -> None:
    model = SETTINGS[name]
    wanted = {model.key(field) for field in model.model_fields} - SET_BY_GLOBALS - ONE_ON_LAMBDA
    given = {key for key in _variables(functions_of(resources)[name]) if key.startswith("SOTTO_")}
    assert given == wanted


def test_the_authorizer_gets_what_it_reads(resources: Resources) -> None:
    source = (ROOT / "layers/sotto/sotto/entry/authorizer.py").read_text()
    given = {key for key in _variables(functions_of(resources)["authorizer"]) if key.startswith("SOTTO_")}
    assert given == {
        "SOTTO_TABLE",
        "SOTTO_ISSUER",
        "SOTTO_AUDIENCE",
        "SOTTO_AUDIT_DAYS",
        "SOTTO_TRUSTED_PROXIES",
    }
    assert all(f'"{key}"' in source for key in given)


def test_no_setting_is_a_secret(resources: Resources) -> None:
    for name, properties in functions_of(resources).items():
        for key, value in properties["Environment"]["Variables"].items():
            assert "resolve:secretsmanager" not in str(value), (name, key)
            if "SECRET" in key:
                secrets = {"SOTTO_BOOTSTRAP_SECRET": "BootstrapSecret", "SOTTO_SIGNING_SECRET": "SigningSecret"}
                ours = {"Fn::GetAtt": [secrets.get(key), "Id"]}
                assert value == ({"Ref": "SmtpSecret"} if key == "SOTTO_SMTP_SECRET" else ours), "it names the secret"


def test_transcribe_is_an_image_that_is_left_out_without_one(resources: Resources) -> None:
    parts = [name for name, one in resources.items() if one.get("Condition") == "TranscribeOnLambda"]
    assert set(parts) == {"TranscribeFunction", "TranscribeRole", "TranscribeLog"}
    properties = resources["TranscribeFunction"]["Properties"]
    assert properties["PackageType"] == "Image"
    assert properties["ImageUri"] == {"Ref": "TranscribeImageUri"}
    assert "Metadata" not in resources["TranscribeFunction"], "sam build must not ask for Docker"


def test_every_function_logs_and_traces_under_its_name(template: dict[str, Any], resources: Resources) -> None:
    assert template["Globals"]["Function"]["Tracing"] == "Active"
    for name, properties in functions_of(resources).items():
        assert properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == name
