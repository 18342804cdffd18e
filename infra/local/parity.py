"""Applies by API call what MiniStack's CloudFormation drops in silence, read from the same template.

Without it the laptop would differ from AWS where it matters: refusals of the gateway that are not problem documents,
rows that never expire, functions without a concurrency limit, a signing seed that is not hex (MiniStack 1.5.33 reads
only ExcludeCharacters of GenerateSecretString), roles that may send one message but not ten. Each step puts what the
template says, so applying twice changes nothing. Against a complete emulator every step is a no-op.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.emulator import REGION, Aws
from infra.local.intrinsics import Resolver
from infra.local.template import Template

Properties = dict[str, Any]
ACCOUNT = "000000000000"
BATCHED = ("sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")


def apply_parity(aws: Aws, template: Template, stack: Mapping[str, Any]) -> list[str]:
    """Apply every step to the stack, as CloudFormation describes it. Returns the resources that were touched."""
    resources = aws("cloudformation").describe_stack_resources(StackName=stack["StackName"])["StackResources"]
    physical = {found["LogicalResourceId"]: found["PhysicalResourceId"] for found in resources}
    resolver = Resolver(template, _names(template, stack, physical), lambda *what: _attribute(aws, physical, *what))
    touched = []
    for name, resource in template["Resources"].items():
        if resource["Type"] in STEPS and name in physical:
            step, dropped = STEPS[resource["Type"]]
            properties = resource.get("Properties", {})
            step(aws, physical[name], resolver.resolve({key: properties[key] for key in dropped if key in properties}))
            touched.append(name)
    return touched


def _names(template: Template, stack: Mapping[str, Any], physical: Mapping[str, str]) -> dict[str, str]:
    defaults = {name: str(found.get("Default", "")) for name, found in template.get("Parameters", {}).items()}
    given = {found["ParameterKey"]: found["ParameterValue"] for found in stack.get("Parameters", [])}
    return {
        **physical,
        **defaults,
        **given,
        "AWS::StackName": stack["StackName"],
        "AWS::StackId": stack["StackId"],
        "AWS::Region": REGION,
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }


def _attribute(aws: Aws, physical: Mapping[str, str], resource: str, attribute: str) -> str:
    """GetAtt. Only a key's ARN is put anywhere by the steps below; other attributes stay recognisable."""
    identity = physical.get(resource, "")
    if attribute == "Arn" and identity.count("-") == 4 and ":" not in identity:
        return str(aws("kms").describe_key(KeyId=identity)["KeyMetadata"]["Arn"])
    return f"{identity}.{attribute}"


def _bucket(aws: Aws, name: str, properties: Properties) -> None:
    if encryption := properties.get("BucketEncryption"):
        rules = [
            {
                "ApplyServerSideEncryptionByDefault": {
                    "SSEAlgorithm": rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"],
                    "KMSMasterKeyID": rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"],
                },
                "BucketKeyEnabled": bool(rule.get("BucketKeyEnabled")),
            }
            for rule in encryption["ServerSideEncryptionConfiguration"]
        ]
        aws("s3").put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    if lifecycle := properties.get("LifecycleConfiguration"):
        rules = [_lifecycle_rule(rule) for rule in lifecycle["Rules"]]
        aws("s3").put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})


def _lifecycle_rule(rule: Properties) -> Properties:
    """CloudFormation's form of a rule -> the API's."""
    expiration: Properties = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = bool(rule["ExpiredObjectDeleteMarker"])
    found: Properties = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if expiration:
        found["Expiration"] = expiration
    for key, days in (
        ("NoncurrentVersionExpiration", "NoncurrentDays"),
        ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
    ):
        if key in rule:
            found[key] = {days: int(rule[key][days])}
    return found


def _table(aws: Aws, name: str, properties: Properties) -> None:
    dynamodb = aws("dynamodb")
    wanted = properties.get("TimeToLiveSpecification")
    present = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if wanted and present["TimeToLiveStatus"] == "DISABLED":
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)


def _function(aws: Aws, name: str, properties: Properties) -> None:
    if (reserved := properties.get("ReservedConcurrentExecutions")) is not None:
        aws("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))


def _api(aws: Aws, identity: str, properties: Properties) -> None:
    for kind, response in properties.get("GatewayResponses", {}).items():
        headers = response.get("ResponseParameters", {}).get("Headers", {})
        status = {"statusCode": str(response["StatusCode"])} if "StatusCode" in response else {}
        aws("apigateway").put_gateway_response(
            restApiId=identity,
            responseType=kind,
            responseParameters={f"gatewayresponse.header.{name}": value for name, value in headers.items()},
            responseTemplates=response.get("ResponseTemplates", {}),
            **status,
        )
    if stage := properties.get("StageName"):  # what a stage answers is fixed by its deployment
        aws("apigateway").create_deployment(restApiId=identity, stageName=stage)


def _role(aws: Aws, name: str, _: Properties) -> None:
    """On AWS, sqs:SendMessage is the permission for SendMessageBatch too. MiniStack asks for an action of that name.

    AWS has no such action (and cfn-lint refuses it), so it is added here and not in the template.
    """
    iam = aws("iam")
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        before = json.dumps(document)
        for statement in document["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            batches = [f"{action}Batch" for action in actions if action in BATCHED]
            statement["Action"] = [*actions, *(batch for batch in batches if batch not in actions)]
        if json.dumps(document) != before:
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def _secret(aws: Aws, identity: str, properties: Properties) -> None:
    """Generate again what was generated from the wrong characters; a right one is kept, sessions depend on it."""
    wanted = properties.get("GenerateSecretString")
    if not wanted or "GenerateStringKey" not in wanted:
        return
    secrets = aws("secretsmanager")
    content = json.loads(secrets.get_secret_value(SecretId=identity)["SecretString"])
    key = wanted["GenerateStringKey"]
    if set(content[key]) <= _characters(wanted) and len(content[key]) == int(wanted["PasswordLength"]):
        return
    rules = {name: value for name, value in wanted.items() if name.startswith("Exclude")}
    made = secrets.get_random_password(PasswordLength=int(wanted["PasswordLength"]), **rules)["RandomPassword"]
    secrets.put_secret_value(SecretId=identity, SecretString=json.dumps({**content, key: made}))


def _characters(wanted: Mapping[str, Any]) -> set[str]:
    classes = {
        "ExcludeUppercase": string.ascii_uppercase,
        "ExcludeLowercase": string.ascii_lowercase,
        "ExcludeNumbers": string.digits,
        "ExcludePunctuation": string.punctuation,
    }
    allowed = {character for rule, found in classes.items() if not wanted.get(rule) for character in found}
    return allowed - set(wanted.get("ExcludeCharacters", ""))


STEPS: dict[str, tuple[Callable[[Aws, str, Properties], None], tuple[str, ...]]] = {
    "AWS::S3::Bucket": (_bucket, ("BucketEncryption", "LifecycleConfiguration")),
    "AWS::DynamoDB::Table": (_table, ("TimeToLiveSpecification", "PointInTimeRecoverySpecification")),
    "AWS::Serverless::Function": (_function, ("ReservedConcurrentExecutions",)),
    "AWS::Serverless::Api": (_api, ("GatewayResponses", "StageName")),
    "AWS::IAM::Role": (_role, ()),
    "AWS::SecretsManager::Secret": (_secret, ("GenerateSecretString",)),
}
"""Resource type -> its step, and the properties that the emulator drops."""
