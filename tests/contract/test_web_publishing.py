"""The built web app goes into its bucket as browsers and CloudFront want it (moto's S3 and CloudFront)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from infra.web import publish as publishing
from infra.web.publish import IMMUTABLE, Published, PublishingFailed, misfit

PAGES = {
    "index.html": "<script src=/assets/app-1.js>",
    "api.html": "<p>",
    "favicon.svg": "<svg/>",
    "assets/app-1.js": "1",
    "assets/app-1.css": "a{}",
}
BUCKET = "sotto-data"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def distribution(aws: None) -> str:
    cloudfront = boto3.client("cloudfront")
    made = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "1",
            "Comment": "web",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {"Id": "web", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "web",
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
        }
    )
    return made["Distribution"]["Id"]


@pytest.fixture
def publish(bucket: str, distribution: str, dist: Path) -> Callable[[], Published]:
    s3, cloudfront = boto3.client("s3"), boto3.client("cloudfront")
    return lambda: publishing.publish(s3, cloudfront, bucket=bucket, distribution=distribution, dist=dist)


def invalidations(distribution: str) -> int:
    return int(
        boto3.client("cloudfront").list_invalidations(DistributionId=distribution)["InvalidationList"]["Quantity"]
    )


def test_files_get_their_type_and_their_time_in_caches(publish: Callable[[], Published]) -> None:
    sent = publish().sent
    assert set(sent) == set(PAGES)
    assert {name.rpartition(".")[2] for name in sent[-2:]} == {"html"}, "no page is there before what it asks for"
    s3 = boto3.client("s3")
    found = {name: s3.head_object(Bucket=BUCKET, Key=name) for name in PAGES}
    assert {name: one["CacheControl"] for name, one in found.items()} == {
        name: IMMUTABLE if name.startswith("assets/") else "no-cache" for name in PAGES
    }
    assert {name.rpartition(".")[2]: one["ContentType"] for name, one in found.items()} == {
        "html": "text/html; charset=utf-8",
        "svg": "image/svg+xml",
        "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
    }


def test_only_what_changed_is_sent_and_caches_are_told_only_then(
    publish: Callable[[], Published], dist: Path, distribution: str
) -> None:
    publish()
    assert publish() == Published((), ())
    assert invalidations(distribution) == 1
    (dist / "index.html").write_text("<script src=/assets/app-2.js>")
    (dist / "assets/app-2.js").write_text("2")
    (dist / "assets/app-1.js").unlink()
    (dist / "favicon.svg").unlink()
    assert publish() == Published(("assets/app-2.js", "index.html"), ("favicon.svg",))
    assert invalidations(distribution) == 2
    kept = {one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert "assets/app-1.js" in kept, "a page that was opened before asks for it"


@pytest.mark.parametrize("wrong", ["nothing built", "a file of no known type"])
def test_what_is_no_web_app_is_refused_before_anything_is_sent(
    publish: Callable[[], Published], dist: Path, wrong: str
) -> None:
    if wrong == "nothing built":
        (dist / "index.html").unlink()
    else:
        (dist / "notes.docx").write_text("")
    with pytest.raises(PublishingFailed, match=r"expected .*Fix: "):
        publish()
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=BUCKET)


def test_an_origin_that_is_not_the_web_apps_is_said_with_its_fix() -> None:
    serves = "https://d111111abcdef8.cloudfront.net"
    assert misfit({"WebUrl": serves}, {"WebOrigin": serves}) is None
    said = misfit({"WebUrl": serves}, {"WebOrigin": ""})
    assert said is not None
    assert "found nothing" in said
    assert f'"WebOrigin={serves}"' in said


def deployed(outputs: dict[str, str], **parameters: str) -> None:
    """A stack that says what ours would."""
    template = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    boto3.client("cloudformation").create_stack(
        StackName="sotto-dev",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )


def run(dist: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["publish", "--stack", "sotto-dev", "--dist", str(dist)])
    return publishing.main()


@pytest.mark.parametrize(("origin", "ends"), [("https://sotto.example.org", 0), ("", publishing.EXIT_FAILED)])
def test_the_command_publishes_where_the_stack_says_and_fails_on_a_wrong_origin(
    bucket: str,
    distribution: str,
    dist: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    origin: str,
    ends: int,
) -> None:
    outputs = {"WebUrl": "https://sotto.example.org", "WebBucketName": bucket, "WebDistributionId": distribution}
    deployed(outputs, WebOrigin=origin)
    assert run(dist, monkeypatch) == ends
    said = capsys.readouterr()
    assert said.out == "https://sotto.example.org: 5 files sent, 0 removed\n"
    assert ("WebOrigin: expected https://sotto.example.org, found nothing" in said.err) == (ends != 0)


def test_a_stack_without_a_web_app_is_left_alone(
    aws: None, dist: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed({"ApiId": "a"})
    assert run(dist, monkeypatch) == 0
    assert "ServeWeb=true" in capsys.readouterr().out


def test_a_stack_that_is_not_there_is_said(
    aws: None, dist: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(dist, monkeypatch) == publishing.EXIT_FAILED
    assert "sotto-dev" in capsys.readouterr().err
