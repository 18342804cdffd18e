"""Puts the packaged template into the emulator: artifacts bucket, stack created or updated, outputs read.

`sam deploy` would do the same in 10 s; CloudFormation's own API takes 2. A stack whose fingerprint (template, code,
parameters and our own additions) is already deployed is left alone, so the usual `sotto up` deploys nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.local import parity
from infra.local.emulator import Aws
from infra.local.errors import DeploymentFailed
from infra.local.package import Artifact, Package

ARTIFACTS = "sotto-artifacts"
STACK = "sotto"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
TEMPLATE = "template.json"
DEPLOYED = "deployed"
"""Object that holds the fingerprint of what is deployed. A stack tag would do, but MiniStack hands a changed tag to
every resource, and some are made anew by that."""
GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
NEVER_LIVED = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
"""Only these are removed first. A failed update keeps its data, and is updated again."""
WAIT_S = 120.0
POLL_S = 0.1


def deploy(
    aws: Aws, package: Package, parameters: Mapping[str, str], progress: Callable[[str], None]
) -> tuple[dict[str, str], bool]:
    """The stack's outputs, and whether anything was deployed. Raises DeploymentFailed with resource and reason."""
    body = json.dumps(package.template, sort_keys=True)
    parts = (body, json.dumps(dict(parameters), sort_keys=True), Path(parity.__file__).read_text())
    fingerprint = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    present = describe(aws)
    if present and present["StackStatus"] in GOOD and _deployed(aws) == fingerprint:
        return outputs_of(present), False
    upload(aws, (*package.artifacts, Artifact(TEMPLATE, body.encode())))
    if present and present["StackStatus"] in NEVER_LIVED:
        progress("removing a stack that could not be created")
        aws("cloudformation").delete_stack(StackName=STACK)
        _wait(aws, lambda stack: stack is None or stack["StackStatus"] == "DELETE_COMPLETE")
        present = None
    progress("updating the stack" if present else "creating the stack")
    try:
        (aws("cloudformation").update_stack if present else aws("cloudformation").create_stack)(
            StackName=STACK,
            TemplateURL=f"{aws.endpoint}/{ARTIFACTS}/{TEMPLATE}",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=CAPABILITIES,
        )
    except ClientError as error:
        raise DeploymentFailed(f"the emulator refused the template: {error.response['Error']['Message']}") from error
    stack = _wait(aws, lambda found: found is not None and not found["StackStatus"].endswith("IN_PROGRESS"))
    if stack is None or stack["StackStatus"] not in GOOD:
        raise DeploymentFailed(_why(aws, stack))
    parity.apply_parity(aws, package.template, stack)
    aws("s3").put_object(Bucket=ARTIFACTS, Key=DEPLOYED, Body=fingerprint.encode())
    return outputs_of(stack), True


def upload(aws: Aws, artifacts: tuple[Artifact, ...]) -> None:
    """Store what is not there yet, and forget what no template points at any more."""
    s3 = aws("s3")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=ARTIFACTS)
    there = {entry["Key"] for entry in s3.list_objects_v2(Bucket=ARTIFACTS).get("Contents", [])}
    for artifact in artifacts:
        if artifact.key not in there or artifact.key == TEMPLATE:
            s3.put_object(Bucket=ARTIFACTS, Key=artifact.key, Body=artifact.content)
    for key in there - {artifact.key for artifact in artifacts} - {DEPLOYED}:
        s3.delete_object(Bucket=ARTIFACTS, Key=key)


def describe(aws: Aws) -> dict[str, Any] | None:
    """The stack as CloudFormation describes it, or None."""
    try:
        stacks = aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return dict(stacks[0]) if stacks and stacks[0]["StackStatus"] != "DELETE_COMPLETE" else None


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _deployed(aws: Aws) -> str | None:
    s3 = aws("s3")
    try:
        return str(s3.get_object(Bucket=ARTIFACTS, Key=DEPLOYED)["Body"].read().decode())
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        return None


def _wait(aws: Aws, done: Callable[[dict[str, Any] | None], bool]) -> dict[str, Any] | None:
    deadline = time.monotonic() + WAIT_S
    while not done(stack := describe(aws)):
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"the stack was still {stack and stack['StackStatus']} after {WAIT_S:.0f} s")
        time.sleep(POLL_S)
    return stack


def _why(aws: Aws, stack: Mapping[str, Any] | None) -> str:
    """The first resource that failed, and the reason: what a person needs, out of all events."""
    events = aws("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    for event in sorted(events, key=lambda found: found["Timestamp"]):
        if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != STACK:
            name, kind = event["LogicalResourceId"], event["ResourceType"]
            return f"{name} ({kind}) failed: {event.get('ResourceStatusReason', 'no reason given')}"
    return f"the stack ended as {stack and stack['StackStatus']}: {(stack or {}).get('StackStatusReason', 'no reason')}"
