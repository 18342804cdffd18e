"""infra/gpu-ecs: machines that exist only while there is work, and that may do no more than a function."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.template import load
from sotto.entry.settings import EventSourceSettings, Settings, TranscribeSettings
from tests.conftest import ROOT

Resources = dict[str, Any]
AWS_OWN = {
    "ExecutionRole": "AmazonECSTaskExecutionRolePolicy",
    "MachineRole": "AmazonEC2ContainerServiceforEC2Role",
}
"""What ECS needs of its own roles is what AWS says it needs."""


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return load(ROOT / "infra" / "gpu-ecs" / "template.yaml")


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> Resources:
    return {name: one["Properties"] for name, one in template["Resources"].items()}


def _containers(resources: Resources) -> dict[str, Any]:
    return {one["Name"]: one for one in resources["Task"]["ContainerDefinitions"]}


def _metrics(alarm: dict[str, Any]) -> set[tuple[str, str]]:
    """(metric, queue) of an alarm's sum."""
    found = set()
    for one in alarm["Metrics"]:
        if "MetricStat" in one:
            metric = one["MetricStat"]["Metric"]
            (queue,) = metric["Dimensions"]
            found.add((metric["MetricName"], queue["Value"]["Fn::Select"][1]["Fn::Split"][1]["Ref"]))
    return found


def test_it_scales_between_nothing_and_the_given_number(resources: Resources) -> None:
    assert (resources["Tasks"]["MinCapacity"], resources["Tasks"]["MaxCapacity"]) == (0, {"Ref": "MostMachines"})
    assert (resources["MachineGroup"]["MinSize"], resources["MachineGroup"]["MaxSize"]) == (
        "0",
        {"Ref": "MostMachines"},
    )
    assert "DesiredCount" not in resources["Service"]


def test_waiting_parts_of_either_lane_add_tasks(resources: Resources) -> None:
    alarm = resources["PartsWait"]
    assert alarm["AlarmActions"] == [{"Ref": "AddTasks"}]
    visible = "ApproximateNumberOfMessagesVisible"
    assert _metrics(alarm) == {(visible, "FastQueueUrl"), (visible, "BulkQueueUrl")}
    steps = resources["AddTasks"]["StepScalingPolicyConfiguration"]["StepAdjustments"]
    assert all(step["ScalingAdjustment"] > 0 for step in steps)


def test_tasks_go_only_when_nothing_waits_and_nothing_is_in_flight(resources: Resources) -> None:
    alarm = resources["NothingToDo"]
    assert alarm["AlarmActions"] == [{"Ref": "RemoveTasks"}]
    names = ("ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible")
    assert _metrics(alarm) == {(name, queue) for name in names for queue in ("FastQueueUrl", "BulkQueueUrl")}
    (total,) = [one for one in alarm["Metrics"] if one["ReturnData"]]
    assert all(f"FILL({one['Id']}, 0)" in total["Expression"] for one in alarm["Metrics"] if one is not total)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanOrEqualToThreshold", 0)
    policy = resources["RemoveTasks"]["StepScalingPolicyConfiguration"]
    assert policy["AdjustmentType"] == "ExactCapacity"
    assert [step["ScalingAdjustment"] for step in policy["StepAdjustments"]] == [0]


@pytest.mark.parametrize(("name", "model"), [("transcribe", TranscribeSettings), ("event-source", EventSourceSettings)])
def test_a_container_gets_what_it_needs_and_nothing_unknown(
    resources: Resources, name: str, model: type[Settings]
) -> None:
    given = {one["Name"] for one in _containers(resources)[name]["Environment"] if one["Name"].startswith("SOTTO_")}
    required = {model.key(field) for field, info in model.model_fields.items() if info.is_required()}
    assert required <= given <= {model.key(field) for field in model.model_fields}


@pytest.mark.parametrize("name", ["transcribe", "event-source"])
def test_a_container_has_no_privilege_and_a_read_only_root(resources: Resources, name: str) -> None:
    container = _containers(resources)[name]
    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"].split(":")[0] == "65532"
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert "Privileged" not in container
    assert [one["ContainerPath"] for one in container["LinuxParameters"]["Tmpfs"]] == ["/tmp"]


def test_the_event_source_waits_for_the_worker_and_has_as_many_slots_as_it_has_places(resources: Resources) -> None:
    containers = _containers(resources)
    assert containers["event-source"]["DependsOn"] == [{"ContainerName": "transcribe", "Condition": "HEALTHY"}]
    places = next(one["Value"] for one in containers["transcribe"]["Environment"] if one["Name"] == "SOTTO_CONCURRENCY")
    fields = EventSourceSettings.model_fields
    assert int(places) == fields["fast_slots"].default + fields["bulk_slots"].default


def test_parts_in_flight_get_time_to_end(resources: Resources) -> None:
    source = _containers(resources)["event-source"]
    drain = next(one["Value"] for one in source["Environment"] if one["Name"] == "SOTTO_DRAIN_S")
    assert int(drain) < source["StopTimeout"] <= 120, "ECS allows two minutes"


def test_a_task_may_do_what_the_main_stack_allows_a_worker(resources: Resources) -> None:
    assert resources["TaskRole"]["ManagedPolicyArns"] == [{"Ref": "WorkerPolicyArn"}, {"Ref": "EventSourcePolicyArn"}]
    assert "Policies" not in resources["TaskRole"]


@pytest.mark.parametrize("role", sorted(AWS_OWN))
def test_other_roles_are_those_that_ecs_asks_for(resources: Resources, role: str) -> None:
    (policy,) = resources[role]["ManagedPolicyArns"]
    assert policy["Fn::Sub"].endswith(f"/{AWS_OWN[role]}")
    assert "Policies" not in resources[role]


def test_nobody_can_call_a_machine_or_read_its_credentials(resources: Resources) -> None:
    assert "SecurityGroupIngress" not in resources["OutOnly"]
    data = resources["Machine"]["LaunchTemplateData"]
    assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert "ECS_AWSVPC_BLOCK_IMDS=true" in data["UserData"]["Fn::Base64"]["Fn::Sub"]
    assert data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True


def test_what_it_asks_for_is_what_the_main_stack_puts_out(template: dict[str, Any]) -> None:
    outputs = load(ROOT / "template.yaml")["Outputs"]
    asked = {name for name, one in template["Parameters"].items() if one["Description"].startswith("Output ")}
    assert asked == {
        "BucketName",
        "TableName",
        "FastQueueUrl",
        "BulkQueueUrl",
        "WorkerPolicyArn",
        "EventSourcePolicyArn",
    }
    assert asked <= set(outputs)
