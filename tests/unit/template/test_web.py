"""The web app on AWS: nobody reaches the bucket past CloudFront, and CloudFront changes nothing of the API."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from infra.local.template import parameters_of
from sotto.entry import aws
from tests.unit.template.conftest import Resources
from tests.unit.template.test_parameters import ENVIRONMENTS, SAMCONFIG

OURS = "WebOnAws"
CACHING_OPTIMIZED, CACHING_DISABLED = "658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html"""


@pytest.fixture(scope="module")
def config(resources: Resources) -> dict[str, Any]:
    found: dict[str, Any] = resources["WebDistribution"]["Properties"]["DistributionConfig"]
    return found


def test_all_of_it_is_on_aws_only_and_only_when_asked_for(template: dict[str, Any], resources: Resources) -> None:
    web = {name for name, one in resources.items() if name.startswith("Web") and not name.startswith("Webhook")}
    web -= {"WebAcl"}  # the API's own, of whoever has one
    assert {name for name, one in resources.items() if one.get("Condition") == OURS} == web
    assert len(web) == 6
    assert template["Conditions"][OURS] == {
        "Fn::And": [{"Condition": "OnAws"}, {"Fn::Equals": [{"Ref": "ServeWeb"}, "true"]}]
    }
    outputs = {name for name, one in template["Outputs"].items() if one.get("Condition") == OURS}
    assert outputs == {"WebUrl", "WebBucketName", "WebDistributionId"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_who_is_served_by_cloudfront_counts_tries_behind_it(environment: str) -> None:
    given = parameters_of(SAMCONFIG, environment)
    assert given["ServeWeb"] == ("false" if environment == "local" else "true")
    assert given.get("TrustedProxies", "0") == ("0" if environment == "local" else "1")


def test_only_this_distribution_reads_the_bucket_and_it_reads_objects_only(resources: Resources) -> None:
    statements = resources["WebBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    (allowed,) = [one for one in statements if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert (allowed["Action"], allowed["Resource"]) == ("s3:GetObject", {"Fn::Sub": "${WebBucket.Arn}/*"})
    arn = allowed["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert arn.endswith("::${AWS::AccountId}:distribution/${WebDistribution}")
    access = resources["WebAccess"]["Properties"]["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")


def test_the_bucket_is_encrypted_without_the_key_of_recordings(resources: Resources) -> None:
    (rule,) = resources["WebBucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_pages_come_from_the_bucket_and_the_api_from_the_gateway(config: dict[str, Any]) -> None:
    web, api = config["Origins"]
    assert web["OriginAccessControlId"] == {"Fn::GetAtt": ["WebAccess", "Id"]}
    assert web["DomainName"] == {"Fn::GetAtt": ["WebBucket", "RegionalDomainName"]}
    assert api["DomainName"] == {"Fn::Sub": "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
    assert "OriginPath" not in api
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert api["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    assert api["CustomOriginConfig"]["OriginReadTimeout"] > 29, "the gateway gives up first"
    assert config["DefaultRootObject"] == "index.html"


def test_the_api_can_tell_cloudfront_by_a_secret_that_the_template_does_not_hold(config: dict[str, Any]) -> None:
    _, api = config["Origins"]
    condition, (header,), otherwise = api["OriginCustomHeaders"]["Fn::If"]
    assert (condition, otherwise) == ("HasWebOriginSecret", {"Ref": "AWS::NoValue"})
    assert header == {
        "HeaderName": "X-Origin-Secret",
        "HeaderValue": {"Fn::Sub": "{{resolve:secretsmanager:${WebOriginSecret}}}"},
    }


def test_nothing_goes_out_without_tls_or_the_headers(config: dict[str, Any]) -> None:
    pages, (api,) = config["DefaultCacheBehavior"], config["CacheBehaviors"]
    assert (pages["TargetOriginId"], api["TargetOriginId"], api["PathPattern"]) == ("web", "api", "/v1/*")
    assert (pages["ViewerProtocolPolicy"], api["ViewerProtocolPolicy"]) == ("redirect-to-https", "https-only")
    for behaviour in (pages, api):
        assert behaviour["ResponseHeadersPolicyId"] == {"Ref": "WebHeaders"}
    assert pages["AllowedMethods"] == ["GET", "HEAD"]


def test_answers_of_the_api_are_never_kept_nor_replaced(config: dict[str, Any], resources: Resources) -> None:
    (api,) = config["CacheBehaviors"]
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == CACHING_OPTIMIZED
    assert api["CachePolicyId"] == CACHING_DISABLED
    assert api["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST
    assert "CustomErrorResponses" not in config, "they would replace problem documents"
    methods = {
        event["Properties"]["Method"]
        for one in resources.values()
        for event in one.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "Api"
    }
    assert methods <= set(api["AllowedMethods"])


def test_a_name_of_ones_own_is_the_origin_that_uploads_and_mails_know(config: dict[str, Any]) -> None:
    condition, aliases, _ = config["Aliases"]["Fn::If"]
    assert (condition, aliases) == (
        "HasWebCertificate",
        [{"Fn::Select": [1, {"Fn::Split": ["//", {"Ref": "WebOrigin"}]}]}],
    )
    condition, own, given = config["ViewerCertificate"]["Fn::If"]
    assert condition == "HasWebCertificate"
    assert (own["SslSupportMethod"], own["MinimumProtocolVersion"]) == ("sni-only", "TLSv1.2_2021")
    assert given == {"CloudFrontDefaultCertificate": True}
    assert config["HttpVersion"] == "http2and3"
    assert config["WebACLId"]["Fn::If"][:2] == ["HasWebEdgeAcl", {"Ref": "WebEdgeAclArn"}]


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_browsers_may_reach_the_addresses_that_we_sign_and_no_other(
    resources: Resources, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    config = resources["WebHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    _, variables = config["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    allowed = variables["Storage"]["Fn::Sub"]
    for name, value in {"Bucket": "sotto-prod-1a2b", "AWS::Region": region, "AWS::URLSuffix": "amazonaws.com"}.items():
        allowed = allowed.replace(f"${{{name}}}", value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    s3 = aws.s3.__wrapped__()
    signed = s3.generate_presigned_url("put_object", Params={"Bucket": "sotto-prod-1a2b", "Key": "uploads/a"})
    s3.close()
    assert signed.startswith(f"{allowed}/uploads/a?")


def test_an_emulators_host_name_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    s3 = aws.s3.__wrapped__()
    assert s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}).startswith(
        "http://localhost:4566/b/k"
    )
    s3.close()


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ({"x-api-key": {"value": "sk_1"}}, "Bearer sk_1"),
        ({"x-api-key": {"value": "sk_1"}, "authorization": {"value": "Bearer t"}}, "Bearer t"),
        ({}, None),
    ],
)
def test_a_key_arrives_in_the_header_that_the_gateway_knows(
    resources: Resources, sent: dict[str, Any], arrives: str | None
) -> None:
    code = resources["WebKeyHeader"]["Properties"]["FunctionCode"]
    event = json.dumps({"request": {"headers": sent}})
    program = f"{code}; console.log(JSON.stringify(handler({event})))"
    answer = subprocess.run(["node", "-e", program], capture_output=True, check=True, text=True).stdout
    assert json.loads(answer)["headers"].get("authorization", {}).get("value") == arrives
