"""infra/knative: the manifests agree with the container, with each other and with what docs/deploy.md fills in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local.template import load
from sotto.entry.part_events import KNATIVE_SQS
from sotto.entry.settings import EventSourceSettings, TranscribeSettings
from tests.conftest import ROOT

FOLDER = ROOT / "infra" / "knative"
FILES = sorted(FOLDER.glob("*.yaml"))
LONGEST_PART_S = 600
KINDS = {
    "settings": {("v1", "Namespace"), ("v1", "ServiceAccount"), ("v1", "ConfigMap")},
    "service": {("serving.knative.dev/v1", "Service")},
    "source": {("sources.knative.dev/v1alpha1", "IntegrationSource")},
    "keda": {
        ("apps/v1", "Deployment"),
        ("keda.sh/v1alpha1", "ScaledObject"),
        ("keda.sh/v1alpha1", "TriggerAuthentication"),
    },
}


def documents(name: str) -> list[dict[str, Any]]:
    """The manifests of a file, with a plain word for each ${VARIABLE}, as envsubst would put a value."""
    text = re.sub(r"\$\{\w+\}", "value", (FOLDER / f"{name}.yaml").read_text())
    return list(yaml.safe_load_all(text))


def only(name: str, kind: str) -> dict[str, Any]:
    (found,) = [one for one in documents(name) if one["kind"] == kind]
    return found


def settings_of(container: dict[str, Any]) -> set[str]:
    """The settings that a container gets, from the shared map and its own list."""
    shared = set(only("settings", "ConfigMap")["data"]) if container.get("envFrom") else set()
    return {name for name in shared | {one["name"] for one in container.get("env", [])} if name.startswith("SOTTO_")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_holds_the_kinds_it_says(path: Path) -> None:
    assert {(one["apiVersion"], one["kind"]) for one in documents(path.stem)} == KINDS[path.stem]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_lies_in_the_one_namespace(path: Path) -> None:
    spaces = {one["metadata"].get("namespace") for one in documents(path.stem) if one["kind"] != "Namespace"}
    assert spaces == {only("settings", "Namespace")["metadata"]["name"]}


def test_every_variable_is_set_in_the_guide() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text()
    for path in FILES:
        for name in re.findall(r"\$\{(\w+)\}", path.read_text()):
            assert re.search(rf"\b{name}=", guide), f"{path.name}: {name}"


def containers() -> dict[str, dict[str, Any]]:
    pod = only("keda", "Deployment")["spec"]["template"]["spec"]
    knative = only("service", "Service")["spec"]["template"]["spec"]
    return {
        "knative": knative["containers"][0],
        "keda": pod["initContainers"][0],
        "event source": pod["containers"][0],
    }


@pytest.mark.parametrize("name", ["knative", "keda"])
def test_the_worker_gets_what_it_needs_and_nothing_unknown(name: str) -> None:
    given = settings_of(containers()[name])
    required = {
        TranscribeSettings.key(field) for field, info in TranscribeSettings.model_fields.items() if info.is_required()
    }
    known = {TranscribeSettings.key(field) for field in TranscribeSettings.model_fields}
    assert required <= given <= known


def test_the_event_source_gets_what_it_needs() -> None:
    given = settings_of(containers()["event source"])
    required = {
        EventSourceSettings.key(field) for field, info in EventSourceSettings.model_fields.items() if info.is_required()
    }
    assert required <= given


@pytest.mark.parametrize("name", ["knative", "keda", "event source"])
def test_a_container_has_no_privilege_and_a_read_only_root(name: str) -> None:
    context = containers()[name]["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["readOnlyRootFilesystem"] is True
    assert "/tmp" in {one["mountPath"] for one in containers()[name]["volumeMounts"]}


def test_both_hosts_run_as_the_images_user() -> None:
    user = re.search(r"^USER (\d+):", (ROOT / "functions/transcribe/Dockerfile").read_text(), re.MULTILINE)
    assert user
    pod = only("keda", "Deployment")["spec"]["template"]["spec"]["securityContext"]
    assert containers()["knative"]["securityContext"]["runAsUser"] == pod["runAsUser"] == int(user[1])


@pytest.mark.parametrize("name", ["knative", "keda"])
def test_a_worker_holds_one_gpu_and_is_probed_on_its_own_routes(name: str) -> None:
    container = containers()[name]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    probes = {key: value["httpGet"]["path"] for key, value in container.items() if key.endswith("Probe")}
    assert probes["livenessProbe"] == "/livez"
    assert set(probes.values()) <= {"/livez", "/readyz"}


def test_one_part_a_pod() -> None:
    spec = only("service", "Service")["spec"]["template"]["spec"]
    assert str(spec["containerConcurrency"]) == only("settings", "ConfigMap")["data"]["SOTTO_CONCURRENCY"] == "1"


def test_a_message_stays_hidden_longer_than_knative_waits_for_its_part() -> None:
    timeout = only("service", "Service")["spec"]["template"]["spec"]["timeoutSeconds"]
    assert timeout == LONGEST_PART_S
    for source in documents("source"):
        assert source["spec"]["aws"]["sqs"]["visibilityTimeout"] > timeout


def test_each_lane_has_its_source_and_both_feed_the_service() -> None:
    text = (FOLDER / "source.yaml").read_text()
    assert re.findall(r"arn: \$\{(\w+)\}", text) == ["FAST_QUEUE_ARN", "BULK_QUEUE_ARN"]
    sinks = [source["spec"]["sink"]["ref"] for source in documents("source")]
    assert [sink["name"] for sink in sinks] == [only("service", "Service")["metadata"]["name"]] * 2
    assert "dev.knative.eventing.aws-sqs" in KNATIVE_SQS, "the type that these sources send"


def test_keda_counts_both_lanes_with_what_is_in_flight() -> None:
    scaled = only("keda", "ScaledObject")["spec"]
    assert scaled["scaleTargetRef"]["name"] == only("keda", "Deployment")["metadata"]["name"]
    assert scaled["minReplicaCount"] == 0
    assert "replicas" not in only("keda", "Deployment")["spec"]
    text = (FOLDER / "keda.yaml").read_text()
    assert re.findall(r"queueURL: \$\{(\w+)\}", text) == ["FAST_QUEUE_URL", "BULK_QUEUE_URL"]
    for trigger in scaled["triggers"]:
        assert trigger["metadata"]["scaleOnInFlight"] == "true"
        assert trigger["authenticationRef"]["name"] == only("keda", "TriggerAuthentication")["metadata"]["name"]


def test_a_pod_that_must_go_may_finish_its_part() -> None:
    pod = only("keda", "Deployment")["spec"]["template"]["spec"]
    drain = next(one["value"] for one in containers()["event source"]["env"] if one["name"] == "SOTTO_DRAIN_S")
    assert int(drain) >= LONGEST_PART_S
    assert pod["terminationGracePeriodSeconds"] > int(drain)
    assert pod["initContainers"][0]["restartPolicy"] == "Always", "a sidecar ends after the event source"


def test_the_longest_part_is_what_the_function_has_too() -> None:
    assert load(ROOT / "template.yaml")["Resources"]["TranscribeFunction"]["Properties"]["Timeout"] == LONGEST_PART_S
