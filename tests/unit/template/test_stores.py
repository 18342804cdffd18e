"""Nothing is kept in the clear, in public, or without a way back."""

from __future__ import annotations

from typing import Any

import pytest

from sotto.domain.object_keys import job_prefixes
from tests.unit.template.conftest import Resources, as_list, of_type

KEY = {"Fn::GetAtt": ["Key", "Arn"]}
PREFIXES = ("uploads/", "work/", "transcripts/", "dropbox/", "exports/", "models/", "quarantine/")


def test_the_key_rotates_and_stays_when_the_stack_goes(resources: Resources) -> None:
    key = resources["Key"]
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"


def test_other_services_use_the_key_only_for_this_account_or_this_stack(resources: Resources) -> None:
    statements = resources["Key"]["Properties"]["KeyPolicy"]["Statement"]
    (owner,) = [one for one in statements if "AWS" in one["Principal"]]
    assert owner["Principal"]["AWS"]["Fn::Sub"].endswith(":root")
    services = [one for one in statements if one is not owner]
    assert len(services) == 2
    for one in services:
        assert "Service" in one["Principal"]
        assert one["Condition"], one["Sid"]
        assert "kms:*" not in as_list(one["Action"])


@pytest.mark.parametrize("name", ["Table", "Bucket", "SigningSecret", "Key", "ReceiptKey"])
def test_what_cannot_be_made_again_outlives_the_stack(resources: Resources, name: str) -> None:
    assert resources[name]["DeletionPolicy"] == resources[name]["UpdateReplacePolicy"] == "Retain"


def test_every_queue_is_encrypted_under_the_key(resources: Resources) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    assert len(queues) == 10
    assert {name: queue["KmsMasterKeyId"] for name, queue in queues.items()} == dict.fromkeys(queues, KEY)


def test_every_queue_has_a_dead_letter_queue_that_accepts_only_it(resources: Resources) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    working = {name: queue for name, queue in queues.items() if "RedrivePolicy" in queue}
    assert set(working) == {"ArrivedQueue", "FetchQueue", "FastQueue", "BulkQueue"}
    for name, queue in working.items():
        policy = queue["RedrivePolicy"]
        dead = queues[policy["deadLetterTargetArn"]["Fn::GetAtt"][0]]
        assert 3 <= policy["maxReceiveCount"] <= 10
        allowed = dead["RedriveAllowPolicy"]
        assert allowed["redrivePermission"] == "byQueue"
        (source,) = allowed["sourceQueueArns"]
        assert source["Fn::Sub"].endswith(f":{queue['QueueName']['Fn::Sub']}"), name
        assert dead["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"], "a dead letter must outlive its source"


def test_the_bucket_is_private_versioned_and_encrypted(resources: Resources) -> None:
    bucket = resources["Bucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}


def test_every_bucket_is_private_and_keeps_its_versions(resources: Resources) -> None:
    for name, bucket in of_type(resources, "AWS::S3::Bucket").items():
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, name
        assert list(bucket["PublicAccessBlockConfiguration"].values()) == [True] * 4, name
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}], name
        assert resources[name]["DeletionPolicy"] == resources[name]["UpdateReplacePolicy"] == "Retain", name


def test_every_bucket_refuses_plain_http_and_old_tls(resources: Resources) -> None:
    policies = {one["Bucket"]["Ref"]: one for one in of_type(resources, "AWS::S3::BucketPolicy").values()}
    assert set(policies) == set(of_type(resources, "AWS::S3::Bucket"))
    for name, policy in policies.items():
        refused = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert [one["Condition"] for one in refused] == [
            {"Bool": {"aws:SecureTransport": "false"}},
            {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        ]
        everything = [{"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}/*"}]
        for one in refused:
            assert (one["Principal"], one["Action"], one["Resource"]) == ("*", "s3:*", everything)


def test_nobody_is_allowed_into_the_bucket_of_recordings_by_its_policy(resources: Resources) -> None:
    statements = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert {one["Effect"] for one in statements} == {"Deny"}


def test_the_audit_logs_copy_is_locked_as_it_is_written(template: dict[str, Any], resources: Resources) -> None:
    bucket = resources["AuditBucket"]["Properties"]
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": {"Ref": "AuditLockMode"}, "Days": {"Ref": "AuditLockDays"}}},
    }
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    ends = [one["ExpirationInDays"] for one in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in one]
    assert ends == [{"Ref": "AuditLockDays"}], "no address is kept for longer"
    assert template["Conditions"]["LocksAudit"]["Fn::And"] == [
        {"Condition": "OnAws"},
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "AuditLockDays"}, 0]}]},
    ]
    assert {name for name, one in resources.items() if one.get("Condition") == "LocksAudit"} == {
        "AuditBucket",
        "AuditBucketPolicy",
    }


def _lifecycle(resources: Resources) -> list[dict[str, Any]]:
    bucket = resources["Bucket"]["Properties"]
    rules: list[dict[str, Any]] = bucket["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    return rules


def test_every_prefix_has_its_lifecycle(resources: Resources) -> None:
    rules = {rule["Prefix"]: rule for rule in _lifecycle(resources) if "Prefix" in rule}
    assert set(rules) == set(PREFIXES)
    for prefix, rule in rules.items():
        assert "NoncurrentVersionExpiration" in rule, prefix
        assert ("ExpirationInDays" in rule) == (prefix != "models/"), prefix
    assert {prefix.split("/")[0] + "/" for prefix in job_prefixes("owner", "job")} <= set(rules)


def test_half_finished_uploads_and_empty_delete_markers_go_away(resources: Resources) -> None:
    rules = _lifecycle(resources)
    assert [rule["AbortIncompleteMultipartUpload"] for rule in rules if "AbortIncompleteMultipartUpload" in rule] == [
        {"DaysAfterInitiation": 1}
    ]
    assert [rule["Id"] for rule in rules if rule.get("ExpiredObjectDeleteMarker")] == ["orphaned-delete-markers"]


def test_only_uploads_and_drops_start_anything(resources: Resources) -> None:
    bucket = resources["Bucket"]["Properties"]
    assert bucket["NotificationConfiguration"] == {
        "QueueConfigurations": [
            {
                "Event": "s3:ObjectCreated:*",
                "Queue": {"Fn::GetAtt": ["ArrivedQueue", "Arn"]},
                "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": prefix}]}},
            }
            for prefix in ("uploads/", "dropbox/")
        ]
    }


def test_only_this_bucket_may_write_to_the_arrivals(resources: Resources) -> None:
    (policy,) = of_type(resources, "AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    bucket = resources["Bucket"]["Properties"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    pattern, variables = statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    name, name_variables = bucket["BucketName"]["Fn::Sub"]
    assert (pattern, variables) == ("arn:${AWS::Partition}:s3:::" + name, name_variables)


def test_a_browser_may_reach_the_bucket_only_from_the_web_app(resources: Resources) -> None:
    bucket = resources["Bucket"]["Properties"]
    condition, rules, otherwise = bucket["CorsConfiguration"]["Fn::If"]
    assert (condition, otherwise) == ("HasWebOrigin", {"Ref": "AWS::NoValue"})
    assert [rule["AllowedOrigins"] for rule in rules["CorsRules"]] == [[{"Ref": "WebOrigin"}]]
    assert "ETag" in rules["CorsRules"][0]["ExposedHeaders"], "multipart uploads need it"


def test_the_table_is_what_the_adapters_expect(resources: Resources) -> None:
    (table,) = of_type(resources, "AWS::DynamoDB::Table").values()
    assert [one["AttributeName"] for one in table["KeySchema"]] == ["pk", "sk"]
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "due"
    assert [one["AttributeName"] for one in index["KeySchema"]] == ["due_pk", "due_sk"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_the_signing_secret_is_made_by_cloudformation_as_an_ed25519_seed(resources: Resources) -> None:
    secret = resources["SigningSecret"]["Properties"]
    made = secret["GenerateSecretString"]
    assert secret["KmsKeyId"] == KEY
    assert (made["GenerateStringKey"], made["PasswordLength"]) == ("seed", 64)
    assert made["ExcludeUppercase"]
    assert made["ExcludePunctuation"]
    left = set("abcdefghijklmnopqrstuvwxyz0123456789") - set(made["ExcludeCharacters"])
    assert left == set("0123456789abcdef")


def test_every_log_group_is_encrypted_and_ends(resources: Resources) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    for name, group in groups.items():
        assert group["KmsKeyId"] == KEY, name
        assert group["RetentionInDays"] == {"Ref": "LogDays"}, name
        assert group["LogGroupName"]["Fn::Sub"].startswith("/sotto/${AWS::StackName}/"), "the key's policy names it"
