"""The real template on the real emulator: deployed once, updated in place, completed where the emulator is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local import deploy, emulator, parity, template
from infra.local.arrivals import announce_recent_uploads
from infra.local.emulator import Aws
from infra.local.errors import DeploymentFailed
from infra.local.package import Package, package
from infra.local.places import CHECKOUT, Places
from tests.integration.local.conftest import Emulator

pytestmark = pytest.mark.emulator


@dataclass
class Deployed:
    aws: Aws
    places: Places
    package: Package
    outputs: dict[str, str]
    parameters: dict[str, str]
    said: list[str]


@pytest.fixture(scope="module")
def deployed(running_emulator: Emulator) -> Iterator[Deployed]:
    aws, places = running_emulator.aws, running_emulator.places
    parameters = {**template.parameters_of(CHECKOUT / "samconfig.toml", "local"), "WebOrigin": "http://127.0.0.1:8080"}
    said: list[str] = []
    packaged = package(places, template.load(CHECKOUT / "template.yaml"), deploy.ARTIFACTS, said.append)
    outputs, anew = deploy.deploy(aws, packaged, parameters, said.append)
    assert anew
    yield Deployed(aws, places, packaged, outputs, parameters, said)
    aws("cloudformation").delete_stack(StackName=deploy.STACK)


def test_every_output_is_there(deployed: Deployed) -> None:
    declared = template.load(CHECKOUT / "template.yaml")["Outputs"]
    assert set(deployed.outputs) == {name for name, one in declared.items() if "Condition" not in one}
    assert all(deployed.outputs.values())
    assert "creating the stack" in deployed.said


def test_what_is_deployed_is_left_alone(deployed: Deployed) -> None:
    outputs, anew = deploy.deploy(deployed.aws, deployed.package, deployed.parameters, deployed.said.append)
    assert (outputs, anew) == (deployed.outputs, False)


def test_an_update_keeps_table_bucket_queues_and_signing_key(deployed: Deployed) -> None:
    aws, outputs = deployed.aws, deployed.outputs
    aws("dynamodb").put_item(TableName=outputs["TableName"], Item={"pk": {"S": "USER#1"}, "sk": {"S": "PROFILE"}})
    aws("s3").put_object(Bucket=outputs["BucketName"], Key="transcripts/1/2/transcript.json", Body=b"{}")
    secret = aws("secretsmanager").get_secret_value(SecretId=outputs["SigningSecretArn"])["SecretString"]
    changed = {**deployed.parameters, "WebOrigin": "http://127.0.0.1:8081", "LogDays": "7"}
    updated, anew = deploy.deploy(aws, deployed.package, changed, deployed.said.append)
    assert anew
    assert updated == outputs
    row = aws("dynamodb").get_item(TableName=outputs["TableName"], Key={"pk": {"S": "USER#1"}, "sk": {"S": "PROFILE"}})
    assert row["Item"]["sk"] == {"S": "PROFILE"}
    assert aws("s3").get_object(Bucket=outputs["BucketName"], Key="transcripts/1/2/transcript.json")
    assert aws("secretsmanager").get_secret_value(SecretId=outputs["SigningSecretArn"])["SecretString"] == secret
    rules = aws("s3").get_bucket_cors(Bucket=outputs["BucketName"])["CORSRules"]
    assert rules[0]["AllowedOrigins"] == ["http://127.0.0.1:8081"]


def test_a_template_that_the_emulator_refuses_names_the_resource(deployed: Deployed, tmp_path_factory: Any) -> None:
    broken = {
        "Resources": {"Loud": {"Type": "AWS::Sotto::Nothing", "Properties": {"Volume": 11}}},
        "AWSTemplateFormatVersion": "2010-09-09",
    }
    with (
        Emulator(_fresh(tmp_path_factory)) as other,
        pytest.raises(DeploymentFailed, match=r"Loud|AWS::Sotto::Nothing"),
    ):
        deploy.deploy(other.aws, Package(broken, ()), {}, lambda _: None)


def _fresh(tmp_path_factory: Any) -> Places:
    from tests.integration.local.conftest import make_places

    return make_places(tmp_path_factory.mktemp("other"))


# --- what the emulator's CloudFormation drops


def test_the_bucket_is_encrypted_and_forgets_by_prefix(deployed: Deployed) -> None:
    s3, bucket = deployed.aws("s3"), deployed.outputs["BucketName"]
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == deployed.outputs["KeyArn"]
    kept = {entry["ID"]: entry for entry in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    source = template.load(CHECKOUT / "template.yaml")
    declared = source["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert set(kept) == {entry["Id"] for entry in declared}
    days = int(deployed.parameters.get("AudioDays", source["Parameters"]["AudioDays"]["Default"]))
    assert kept["uploads"]["Expiration"] == {"Days": days}
    assert kept["uploads"]["Filter"] == {"Prefix": "uploads/"}


def test_rows_expire_and_the_table_can_be_restored(deployed: Deployed) -> None:
    dynamodb, table = deployed.aws("dynamodb"), deployed.outputs["TableName"]
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_every_function_has_its_concurrency(deployed: Deployed) -> None:
    functions = deployed.aws("lambda").list_functions()["Functions"]
    limits = {
        function["FunctionName"]: deployed.aws("lambda")
        .get_function_concurrency(FunctionName=function["FunctionName"])
        .get("ReservedConcurrentExecutions")
        for function in functions
    }
    assert limits["sotto-jobs"] == int(deployed.parameters["ApiConcurrency"])
    assert all(limits.values()), limits


def test_the_signing_seed_is_what_the_template_asks_for(deployed: Deployed) -> None:
    secret = deployed.aws("secretsmanager").get_secret_value(SecretId=deployed.outputs["SigningSecretArn"])
    seed = json.loads(secret["SecretString"])["seed"]
    assert len(bytes.fromhex(seed)) == 32


def test_refusals_of_the_gateway_are_problem_documents(deployed: Deployed) -> None:
    import urllib.error
    import urllib.request

    url = f"{deployed.aws.endpoint}/restapis/{deployed.outputs['ApiId']}/v1/_user_request_/nowhere"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, timeout=30)
    with refused.value as answer:
        problem = json.load(answer)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert problem["code"] == "not_found"
    assert problem["request_id"]


def test_applying_twice_changes_nothing(deployed: Deployed) -> None:
    before = _everything(deployed)
    stack = deploy.describe(deployed.aws)
    assert stack is not None
    touched = parity.apply_parity(deployed.aws, deployed.package.template, stack)
    assert {"Bucket", "Table", "Api", "SigningSecret", "JobsFunction", "IntakeRole"} <= set(touched)
    assert _everything(deployed) == before


def _everything(deployed: Deployed) -> Mapping[str, Any]:
    aws, outputs = deployed.aws, deployed.outputs
    found = {
        "secret": aws("secretsmanager").get_secret_value(SecretId=outputs["SigningSecretArn"]),
        "lifecycle": aws("s3").get_bucket_lifecycle_configuration(Bucket=outputs["BucketName"]),
        "answers": aws("apigateway").get_gateway_responses(restApiId=outputs["ApiId"], limit=100),
        "table": aws("dynamodb").describe_time_to_live(TableName=outputs["TableName"]),
    }
    return {
        name: {key: value for key, value in said.items() if key != "ResponseMetadata"} for name, said in found.items()
    }


def test_the_latest_uploads_are_announced_again_after_a_crash(deployed: Deployed) -> None:
    s3, bucket = deployed.aws("s3"), deployed.outputs["BucketName"]
    before = announce_recent_uploads(deployed.aws, deployed.outputs)
    for key in ("uploads/nobody/01/Café + 🎤.mp3", "uploads/nobody/02/gone.mp3", "work/nobody/01/1/00000.json"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.delete_object(Bucket=bucket, Key="uploads/nobody/02/gone.mp3")
    assert announce_recent_uploads(deployed.aws, deployed.outputs) == before + 1


def test_the_emulators_environment_is_made_once(deployed: Deployed) -> None:
    said: list[str] = []
    emulator.ensure_environment(deployed.places, said.append)
    assert said == []


def test_the_deployed_service_reaches_all_that_it_needs(deployed: Deployed) -> None:
    """Under the role that the template gives to the function, so a right that is missing there shows here."""
    event = {
        "httpMethod": "GET",
        "resource": "/readyz",
        "path": "/readyz",
        "headers": {},
        "multiValueHeaders": {},
        "requestContext": {"requestId": "request-1", "stage": "v1"},
    }
    found = deployed.aws("lambda").invoke(
        FunctionName="sotto-ops", Qualifier="live", Payload=json.dumps(event).encode()
    )
    answer = json.loads(found["Payload"].read())
    names = {"settings", "table", "bucket", "queues", "signing_secret", "bootstrap_secret", "token_issuer"}
    assert (answer["statusCode"], json.loads(answer["body"])) == (
        200,
        {"status": "ready", "checks": dict.fromkeys(names, "ok")},
    )
