"""What each function may do is as narrow as IAM allows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sotto.adapters.aws_probes import PROBE_KEY
from sotto.adapters.dynamo_users import LOCK
from sotto.domain.drops import ANSWERS
from tests.unit.template.conftest import Resources, as_list, of_type

DOCUMENTED_WILDCARDS = {"Trace": "X-Ray's actions know no resources"}
KEY_ONLY_VIA = re.compile(r"^(dynamodb|s3|sqs|secretsmanager)\.\$\{AWS::Region\}\.amazonaws\.com$")
PREFIXED = re.compile(
    r"^\$\{AuditBucket\.Arn\}/audit/\*$|^\$\{Bucket\.Arn\}/((uploads|work|transcripts|exports|models|dropbox)/\*|dropbox/\*\.(txt|srt|vtt|json|error\.txt))$"
)
FUNCTION_ROLES = (
    "AuthorizerRole",
    "AuthRole",
    "AdminRole",
    "AudioRole",
    "RotateKeysRole",
    "UploadsRole",
    "IntakeRole",
    "FetchRole",
    "TranscribeRole",
    "JobsRole",
    "TranscriptsRole",
    "IndexWordsRole",
    "MarkFailedRole",
    "ReconcileRole",
    "WebhooksRole",
    "NotifyRole",
    "OpsRole",
)
POLICIES = ("WorkerPolicy", "EventSourcePolicy")
"""What hosts outside Lambda attach to the roles that they bring; the first is attached to TranscribeRole as well."""


def _statements(resources: Resources, role: str) -> list[dict[str, Any]]:
    """What a role states itself, or what a policy states."""
    properties = resources[role]["Properties"]
    (policy,) = properties.get("Policies", [properties])
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return [one["Fn::If"][1] if "Fn::If" in one else one for one in statements]


def _actions(resources: Resources, role: str) -> set[str]:
    return {action for one in _statements(resources, role) for action in as_list(one["Action"])}


def test_there_is_a_role_for_each_function_and_one_for_the_gateways_logs(resources: Resources) -> None:
    assert set(of_type(resources, "AWS::IAM::Role")) == {*FUNCTION_ROLES, "ApiLogsWriterRole"}


@pytest.mark.parametrize("role", FUNCTION_ROLES)
def test_only_lambda_may_take_the_role_and_nothing_is_added_to_it(resources: Resources, role: str) -> None:
    properties = resources[role]["Properties"]
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    added = [{"Ref": "WorkerPolicy"}] if role == "TranscribeRole" else None
    assert properties.get("ManagedPolicyArns") == added


def test_there_are_no_other_policies(resources: Resources) -> None:
    assert set(of_type(resources, "AWS::IAM::ManagedPolicy")) == set(POLICIES)
    assert not of_type(resources, "AWS::IAM::Policy")


@pytest.mark.parametrize("role", FUNCTION_ROLES + POLICIES)
def test_no_action_is_a_wildcard_and_no_resource_is_but_the_documented(resources: Resources, role: str) -> None:
    for one in _statements(resources, role):
        assert one["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & set(one)
        assert not [action for action in as_list(one["Action"]) if "*" in action], one["Sid"]
        if "*" in as_list(one["Resource"]):
            assert one["Sid"] in DOCUMENTED_WILDCARDS


@pytest.mark.parametrize("role", FUNCTION_ROLES)
def test_a_function_writes_only_its_own_log(resources: Resources, role: str) -> None:
    (log,) = [one for one in _statements(resources, role) if one["Sid"] == "Log"]
    stem = role.removesuffix("Role")
    group = resources[f"{stem}Log"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert log["Resource"]["Fn::Sub"].endswith(f":log-group:{group}:*")


@pytest.mark.parametrize("role", FUNCTION_ROLES + POLICIES)
def test_the_key_is_used_only_through_a_service(resources: Resources, role: str) -> None:
    (use,) = [one for one in _statements(resources, role) if one["Sid"] == "UseKey"]
    assert use["Resource"] == {"Fn::GetAtt": ["Key", "Arn"]}
    listed = as_list(use["Condition"]["StringEquals"]["kms:ViaService"])
    services = [(one["Fn::If"][1] if "Fn::If" in one else one)["Fn::Sub"] for one in listed]
    assert services
    assert all(KEY_ONLY_VIA.match(service) for service in services)
    named = {service.partition(".")[0] for service in services}
    assert named == {action.partition(":")[0] for action in _actions(resources, role)} - {
        "events",
        "kms",
        "logs",
        "ses",
        "xray",
    }


@pytest.mark.parametrize("role", FUNCTION_ROLES + POLICIES)
def test_objects_are_reached_by_prefix_and_lists_are_bounded_to_prefixes(resources: Resources, role: str) -> None:
    for one in _statements(resources, role):
        actions = as_list(one["Action"])
        if not any(action.startswith("s3:") for action in actions):
            continue
        if any(action.startswith("s3:ListBucket") for action in actions):
            assert one["Resource"] == {"Fn::GetAtt": ["Bucket", "Arn"]}
            prefixes = one["Condition"]["StringLikeIfExists"]["s3:prefix"]
            assert all(
                re.fullmatch(r"(uploads|work|transcripts|exports|models|dropbox)/\*", prefix) for prefix in prefixes
            )
        else:
            assert all(PREFIXED.match(where["Fn::Sub"]) for where in as_list(one["Resource"])), one["Sid"]


@pytest.mark.parametrize("role", FUNCTION_ROLES + POLICIES)
def test_the_table_is_reached_by_name_and_its_index_only_by_those_that_sweep(resources: Resources, role: str) -> None:
    index, stream = {"Fn::Sub": "${Table.Arn}/index/due"}, {"Fn::GetAtt": ["Table", "StreamArn"]}
    allowed = {
        "ReconcileRole": [index],
        "JobsRole": [index],
        "AdminRole": [index],
        "NotifyRole": [index, stream],
        "IndexWordsRole": [stream],
    }.get(role, [])
    found = []
    for one in _statements(resources, role):
        if not any(action.startswith("dynamodb:") for action in as_list(one["Action"])):
            continue
        assert "dynamodb:Scan" not in one["Action"]
        found += [where for where in as_list(one["Resource"]) if where != {"Fn::GetAtt": ["Table", "Arn"]}]
    assert found == allowed


def _reads_seed(resources: Resources, role: str) -> bool:
    return any(
        "secretsmanager:GetSecretValue" in as_list(one["Action"]) and "SigningSecret" in str(one["Resource"])
        for one in _statements(resources, role)
    )


def test_only_auth_and_rotation_read_the_signing_seed(resources: Resources) -> None:
    assert [role for role in FUNCTION_ROLES + POLICIES if _reads_seed(resources, role)] == [
        "AuthRole",
        "RotateKeysRole",
    ]


def test_who_sends_mail_may_do_what_its_way_out_needs_and_nothing_more(resources: Resources) -> None:
    def ways(role: str) -> dict[str, tuple[str, list[str]]]:
        listed = resources[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        held = [one["Fn::If"] for one in listed if "Fn::If" in one]
        return {one["Sid"]: (condition, one["Action"]) for condition, one, _ in held if "Mail" in condition}

    by_ses, by_smtp = ("MailBySes", ["ses:SendEmail"]), ("MailBySmtp", ["secretsmanager:GetSecretValue"])
    account = {"SendMail": by_ses, "ReadSmtpSignIn": by_smtp}
    assert ways("AuthRole") == ways("AdminRole") == account
    assert ways("NotifyRole") == {**account, "LeaveMail": ("MailByOutbox", ["dynamodb:PutItem"])}
    for role in set(FUNCTION_ROLES + POLICIES) - {"AuthRole", "AdminRole", "NotifyRole"}:
        assert not {"ses:SendEmail"} & _actions(resources, role)
    for role in ("AuthRole", "AdminRole", "NotifyRole"):
        (one,) = [one for one in _statements(resources, role) if one["Sid"] == "ReadSmtpSignIn"]
        assert one["Resource"]["Fn::Sub"].endswith(":${AWS::AccountId}:secret:${SmtpSecret}-??????")


def test_only_jobs_the_deletion_of_accounts_and_the_sweep_behind_them_delete_recordings(resources: Resources) -> None:
    def deletes_uploads(role: str) -> bool:
        return any(
            "s3:DeleteObject" in as_list(one["Action"]) and "uploads" in str(one["Resource"])
            for one in _statements(resources, role)
        )

    deleting = [role for role in FUNCTION_ROLES + POLICIES if deletes_uploads(role)]
    assert deleting == ["AdminRole", "JobsRole", "ReconcileRole"]


def test_receipts_are_signed_by_who_deletes_under_a_key_that_makes_no_token(resources: Resources) -> None:
    signing = [role for role in FUNCTION_ROLES + POLICIES if "kms:Sign" in _actions(resources, role)]
    assert signing == ["AdminRole", "JobsRole", "ReconcileRole"]
    for role in signing:
        (one,) = [one for one in _statements(resources, role) if "kms:Sign" in as_list(one["Action"])]
        assert (one["Action"], one["Resource"]) == (
            ["kms:Sign", "kms:GetPublicKey"],
            {"Fn::GetAtt": ["ReceiptKey", "Arn"]},
        )
        assert not _reads_seed(resources, role)


def test_who_makes_jobs_may_look_in_the_same_transaction_whether_one_was_deleted(resources: Resources) -> None:
    checking = [
        role for role in FUNCTION_ROLES + POLICIES if "dynamodb:ConditionCheckItem" in _actions(resources, role)
    ]
    assert checking == ["AudioRole", "UploadsRole", "IntakeRole"]


def test_only_what_takes_recordings_in_writes_them(resources: Resources) -> None:
    def writes_uploads(role: str) -> bool:
        return any(
            "s3:PutObject" in as_list(one["Action"]) and "uploads" in str(one["Resource"])
            for one in _statements(resources, role)
        )

    assert [role for role in FUNCTION_ROLES + POLICIES if writes_uploads(role)] == [
        "AudioRole",
        "UploadsRole",
        "IntakeRole",
        "FetchRole",
    ]


def test_nobody_may_change_or_delete_an_audit_row(resources: Resources) -> None:
    """Other roles reach no audit row by their code; those that write them are fenced by IAM as well."""
    for role in ("AuthorizerRole", "AuthRole", "AdminRole", "RotateKeysRole", "JobsRole", "TranscriptsRole"):
        for one in _statements(resources, role):
            if {"dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(as_list(one["Action"])):
                keys = one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
                assert not [key for key in keys if key.startswith(("AUDIT", "*"))], role


def test_the_locked_copy_of_the_audit_is_put_by_one_role_and_read_or_changed_by_none(resources: Resources) -> None:
    found = [
        (role, one["Sid"], one["Action"])
        for role in FUNCTION_ROLES + POLICIES
        for one in _statements(resources, role)
        if "AuditBucket" in str(one["Resource"])
    ]
    assert found == [("NotifyRole", "CopyAudit", ["s3:PutObject"])]
    every = {action for role in FUNCTION_ROLES + POLICIES for action in _actions(resources, role)}
    assert not [action for action in every if "Retention" in action or "LegalHold" in action]
    (reads,) = [one for one in _statements(resources, "NotifyRole") if one["Sid"] == "ReadAuditToCopy"]
    assert reads["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["AUDIT#*"]}}


def test_the_authorizer_may_write_one_attribute_and_audit_rows_only(resources: Resources) -> None:
    writes = {
        one["Sid"]: one["Condition"]
        for one in _statements(resources, "AuthorizerRole")
        if {"dynamodb:UpdateItem", "dynamodb:PutItem"} & set(as_list(one["Action"]))
    }
    assert set(writes) == {"NoteKeyUse", "AppendToAudit"}
    assert "last_used_at" in writes["NoteKeyUse"]["ForAllValues:StringEquals"]["dynamodb:Attributes"]


def test_the_life_signs_ask_and_read_nothing(resources: Resources) -> None:
    """Anybody may call them."""
    asks = {"dynamodb:GetItem", "s3:ListBucket", "sqs:GetQueueAttributes", "secretsmanager:DescribeSecret"}
    served = {"kms:Decrypt", "kms:DescribeKey"}
    logs = {action for action in _actions(resources, "OpsRole") if action.startswith(("logs:", "xray:"))}
    assert _actions(resources, "OpsRole") - logs == asks | served
    (table,) = [one for one in _statements(resources, "OpsRole") if one["Sid"] == "AskTable"]
    assert table["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"] == [PROBE_KEY["pk"], LOCK["pk"]]


def test_nobody_may_write_over_or_delete_what_was_dropped(resources: Resources) -> None:
    """But the deletion of its owner's account; the endings of answers start no job, so none is a recording."""
    answers = {f"${{Bucket.Arn}}/dropbox/*.{ending}" for ending in (*ANSWERS, "error.txt")}
    for role in FUNCTION_ROLES + POLICIES:
        for one in _statements(resources, role):
            if role != "AdminRole" and {"s3:PutObject", "s3:DeleteObject"} & set(as_list(one["Action"])):
                places = {where["Fn::Sub"] for where in as_list(one["Resource"])}
                assert {place for place in places if "dropbox" in place} <= answers, role
