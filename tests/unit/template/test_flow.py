"""The path of a recording: who feeds whom, with which patience."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.template.conftest import Resources, functions_of, of_type


def _sources(resources: Resources) -> dict[str, list[dict[str, Any]]]:
    """The queue events of each function."""
    return {
        name: [event["Properties"] for event in properties.get("Events", {}).values() if event["Type"] == "SQS"]
        for name, properties in functions_of(resources).items()
    }


def _queue(source: dict[str, Any]) -> str:
    return str(source["Queue"]["Fn::GetAtt"][0])


def test_each_queue_has_its_one_consumer(resources: Resources) -> None:
    consumers = {_queue(one): name for name, sources in _sources(resources).items() for one in sources}
    assert consumers == {
        "ArrivedQueue": "intake",
        "FetchQueue": "fetch",
        "FetchDlq": "mark_failed",
        "FastQueue": "transcribe",
        "BulkQueue": "transcribe",
        "ArrivedDlq": "mark_failed",
        "FastDlq": "mark_failed",
        "BulkDlq": "mark_failed",
    }


def test_one_bad_message_never_takes_others_with_it(resources: Resources) -> None:
    for name, sources in _sources(resources).items():
        for one in sources:
            assert one["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name
            assert "MaximumConcurrency" in one["ScalingConfig"], name


def test_slow_work_is_taken_one_message_at_a_time(resources: Resources) -> None:
    for name in ("intake", "fetch", "transcribe"):
        assert [one["BatchSize"] for one in _sources(resources)[name]] == [1] * len(_sources(resources)[name])


def test_a_message_stays_hidden_six_times_as_long_as_its_function_may_run(resources: Resources) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    for name, sources in _sources(resources).items():
        for one in sources:
            assert queues[_queue(one)]["VisibilityTimeout"] >= 6 * functions_of(resources)[name]["Timeout"], name


def test_the_lanes_do_not_share_their_concurrency(template: dict[str, Any], resources: Resources) -> None:
    limits = [one["ScalingConfig"]["MaximumConcurrency"]["Ref"] for one in _sources(resources)["transcribe"]]
    assert limits == ["FastLaneConcurrency", "BulkLaneConcurrency"]
    reserved = functions_of(resources)["transcribe"]["ReservedConcurrentExecutions"]["Ref"]
    defaults = {name: one.get("Default") for name, one in template["Parameters"].items()}
    assert defaults[reserved] == sum(defaults[name] for name in limits)


def test_an_emulator_gets_a_number_where_a_parameter_would_stay_text(resources: Resources) -> None:
    for name in ("intake", "fetch", "mark_failed"):
        for one in _sources(resources)[name]:
            assert one["ScalingConfig"]["MaximumConcurrency"]["Fn::If"][2] == 2


def test_reconcile_runs_on_a_schedule(resources: Resources) -> None:
    (event,) = functions_of(resources)["reconcile"]["Events"].values()
    assert (event["Type"], event["Properties"]["Schedule"]) == ("Schedule", {"Ref": "ReconcileEvery"})


def test_keys_rotate_on_a_schedule_one_rotation_at_a_time(resources: Resources) -> None:
    function = functions_of(resources)["rotate_keys"]
    (event,) = function["Events"].values()
    assert (event["Type"], event["Properties"]["Schedule"]) == ("Schedule", {"Ref": "RotateKeysEvery"})
    assert function["ReservedConcurrentExecutions"] == 1


def test_what_is_named_in_the_outputs_is_what_hosts_need(template: dict[str, Any]) -> None:
    assert set(template["Outputs"]) == {
        "ApiUrl",
        "ApiId",
        "BucketName",
        "TableName",
        "ArrivedQueueUrl",
        "ArrivedDlqUrl",
        "FastQueueUrl",
        "FastDlqUrl",
        "BulkQueueUrl",
        "BulkDlqUrl",
        "SigningSecretArn",
        "KeyArn",
        "WorkerPolicyArn",
        "EventSourcePolicyArn",
        "WebUrl",
        "WebBucketName",
        "WebDistributionId",
    }


def test_the_stream_tells_of_new_events_and_deliveries_and_gives_up_beside_a_sweep(resources: Resources) -> None:
    events = functions_of(resources)["notify"]["Events"].values()
    (stream,) = [one["Properties"] for one in events if one["Type"] == "DynamoDB"]
    assert stream["Stream"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    patterns = [json.loads(one["Pattern"]) for one in stream["FilterCriteria"]["Filters"] if "Pattern" in one]
    assert [one["dynamodb"]["Keys"]["sk"]["S"][0]["prefix"] for one in patterns] == ["EVENT#", "DELIVERY#"]
    assert {one["eventName"][0] for one in patterns} == {"INSERT"}
    (sweep,) = [one["Properties"] for one in events if one["Type"] == "Schedule"]
    assert sweep["Schedule"] == {"Ref": "TellEvery"}


def test_the_stream_tells_search_of_finished_and_of_deleted_jobs(resources: Resources) -> None:
    (stream,) = [one["Properties"] for one in functions_of(resources)["index_words"]["Events"].values()]
    assert stream["Stream"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    finished, deleted, doubted = [json.loads(one["Pattern"]) for one in stream["FilterCriteria"]["Filters"]]
    assert (finished["eventName"], deleted["eventName"]) == (["MODIFY"], ["REMOVE"])
    assert finished["dynamodb"]["NewImage"] == {"status": {"S": ["COMPLETED"]}}
    assert {one["dynamodb"]["Keys"]["sk"]["S"][0]["prefix"] for one in (finished, deleted)} == {"JOB#"}
    assert doubted["dynamodb"]["Keys"]["sk"]["S"] == [{"prefix": "WORDS#"}]
    assert doubted["dynamodb"]["NewImage"] == {"doubted_at": {"S": [{"exists": True}]}}


@pytest.mark.parametrize(("function", "dead"), [("notify", "NotifyDlq"), ("index_words", "IndexWordsDlq")])
def test_a_record_of_the_stream_is_tried_again_by_itself_and_named_when_it_is_given_up(
    resources: Resources, function: str, dead: str
) -> None:
    events = functions_of(resources)[function]["Events"].values()
    (stream,) = [one["Properties"] for one in events if one["Type"] == "DynamoDB"]
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < stream["MaximumRetryAttempts"] <= 10
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [dead, "Arn"]}
    assert resources[dead]["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    listed = functions_of(resources)["admin"]["Environment"]["Variables"]["SOTTO_DEAD_LETTER_QUEUE_URLS"]
    assert {"Ref": dead} in listed["Fn::Join"][1]


def _streams(resources: Resources) -> dict[str, dict[str, Any]]:
    return {
        name: event["Properties"]
        for name, properties in functions_of(resources).items()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "DynamoDB"
    }


def test_two_functions_read_the_stream_and_no_third(resources: Resources) -> None:
    """More than two readers of a shard are throttled."""
    assert set(_streams(resources)) == {"notify", "index_words"}


def test_audit_rows_reach_the_copy_as_they_are_written_where_there_is_one(resources: Resources) -> None:
    (filtered,) = [one for one in _streams(resources)["notify"]["FilterCriteria"]["Filters"] if "Fn::If" in one]
    condition, copied, otherwise = filtered["Fn::If"]
    assert (condition, otherwise) == ("LocksAudit", {"Ref": "AWS::NoValue"})
    assert json.loads(copied["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "AUDIT#"}]}}},
    }
