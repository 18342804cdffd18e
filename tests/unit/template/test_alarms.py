"""No message dies unseen: each dead-letter queue has an alarm, which goes to the operator and says what to do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.unit.template.conftest import Resources, functions_of, of_type


@pytest.fixture(scope="module")
def alarms(resources: Resources) -> Resources:
    return of_type(resources, "AWS::CloudWatch::Alarm")


def _dead_letter_queues(resources: Resources) -> set[str]:
    """Where queues and streams put what they give up."""
    redriven = [
        queue["RedrivePolicy"]["deadLetterTargetArn"]
        for queue in of_type(resources, "AWS::SQS::Queue").values()
        if "RedrivePolicy" in queue
    ]
    given_up = [
        event["Properties"]["DestinationConfig"]["OnFailure"]["Destination"]
        for function in functions_of(resources).values()
        for event in function.get("Events", {}).values()
        if "DestinationConfig" in event["Properties"]
    ]
    return {where["Fn::GetAtt"][0] for where in (*redriven, *given_up)}


def _watched(alarm: dict[str, Any]) -> str:
    (dimension,) = alarm["Dimensions"]
    assert dimension["Name"] == "QueueName"
    name, attribute = dimension["Value"]["Fn::GetAtt"]
    assert attribute == "QueueName"
    return str(name)


def test_every_dead_letter_queue_has_its_alarm(resources: Resources, alarms: Resources) -> None:
    assert sorted(map(_watched, alarms.values())) == sorted(_dead_letter_queues(resources))


def test_a_queue_that_is_emptied_tells_what_came_and_another_what_lies_there(
    resources: Resources, alarms: Resources
) -> None:
    emptied = {
        event["Properties"]["Queue"]["Fn::GetAtt"][0]
        for function in functions_of(resources).values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    }
    came, lies = ("NumberOfMessagesReceived", "Sum"), ("ApproximateNumberOfMessagesVisible", "Maximum")
    for alarm in alarms.values():
        assert (alarm["MetricName"], alarm["Statistic"]) == (came if _watched(alarm) in emptied else lies)
        assert (alarm["Namespace"], alarm["Threshold"]) == ("AWS/SQS", 0)
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"


def test_alarms_are_on_wherever_there_is_aws_and_reach_who_is_named(resources: Resources, alarms: Resources) -> None:
    for name, alarm in alarms.items():
        assert resources[name]["Condition"] == "OnAws"
        assert alarm["AlarmActions"] == {
            "Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]
        }


def test_every_alarm_names_the_section_that_says_what_to_do(alarms: Resources) -> None:
    section = (ROOT / "docs/deploy.md").read_text().split("### Alarms\n")[1].split("\n#")[0]
    for name, alarm in alarms.items():
        assert alarm["AlarmDescription"].endswith("docs/deploy.md#alarms")
        assert re.search(rf"`{name}`", section), f"{name}: expected a row that says what to do, found none"
