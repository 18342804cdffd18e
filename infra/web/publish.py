"""Puts the built web app where CloudFront serves it from: `python -m infra.web.publish --stack sotto-dev`.

What pages ask for is there before the pages that ask for it. Files under assets/ are named after their content, so they
never change and none is removed: a page that was opened before asks for its own. An origin that does not fit is said,
since with it nobody could upload and the links in mails would lead elsewhere.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3 import S3Client

DIST = Path(__file__).resolve().parents[2] / "web" / "dist"
ASSETS = "assets/"
IMMUTABLE, REVALIDATED = "public, max-age=31536000, immutable", "no-cache"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""Written down: what a machine's own table says differs, and `nosniff` forbids the browser to guess."""
EXIT_FAILED = 1


class PublishingFailed(Exception):
    """What was expected, and what was found."""


@dataclass(frozen=True)
class Published:
    """Names relative to web/dist."""

    sent: tuple[str, ...]
    removed: tuple[str, ...]


def publish(s3: S3Client, cloudfront: CloudFrontClient, *, bucket: str, distribution: str, dist: Path) -> Published:
    """Make the bucket hold `dist`. Raises PublishingFailed before anything is sent."""
    files = _files(dist)
    there = {
        found["Key"]: found["ETag"].strip('"')
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for found in page.get("Contents", [])
    }
    sent = []
    for name, path in files.items():
        content = path.read_bytes()
        # Of an object in one piece under S3's own encryption, the ETag is the MD5.
        if there.get(name) == hashlib.md5(content, usedforsecurity=False).hexdigest():
            continue
        cache = IMMUTABLE if name.startswith(ASSETS) else REVALIDATED
        s3.put_object(Bucket=bucket, Key=name, Body=content, ContentType=TYPES[path.suffix], CacheControl=cache)
        sent.append(name)
    removed = sorted(name for name in there.keys() - files.keys() if not name.startswith(ASSETS))
    for name in removed:
        s3.delete_object(Bucket=bucket, Key=name)
    if sent or removed:
        cloudfront.create_invalidation(
            DistributionId=distribution,
            InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": str(uuid4())},
        )
    return Published(tuple(sent), tuple(removed))


def misfit(outputs: Mapping[str, str], parameters: Mapping[str, str]) -> str | None:
    """What is wrong with the stack's idea of where the web app is, with the fix; None when nothing is."""
    serves, origin = outputs["WebUrl"], parameters.get("WebOrigin", "")
    if serves == origin:
        return None
    return (
        f"WebOrigin: expected {serves}, found {origin or 'nothing'}. Nobody can upload, and mails link elsewhere. "
        f'Fix: add "WebOrigin={serves}" to parameter_overrides in samconfig.toml and deploy again.'
    )


def _files(dist: Path) -> dict[str, Path]:
    """By name, assets first and pages last."""
    if not (dist / "index.html").is_file():
        raise PublishingFailed(f"{dist}: expected the built web app, found no index.html. Fix: make build")
    found = {path.relative_to(dist).as_posix(): path for path in sorted(dist.rglob("*")) if path.is_file()}
    if strange := sorted(name for name, path in found.items() if path.suffix not in TYPES):
        raise PublishingFailed(f"{strange[0]}: expected one of {', '.join(TYPES)}. Fix: add its type to {__name__}")
    return dict(sorted(found.items(), key=lambda one: (one[1].suffix == ".html", not one[0].startswith(ASSETS))))


def _stack(name: str) -> StackTypeDef:
    return boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def main() -> int:
    parser = argparse.ArgumentParser(prog="infra.web.publish", description="Put the built web app onto AWS.")
    parser.add_argument("--stack", required=True, help="name of the stack, such as sotto-dev")
    parser.add_argument("--dist", type=Path, default=DIST, help="the built web app (default: web/dist)")
    given = parser.parse_args()
    try:
        stack = _stack(given.stack)
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        if "WebBucketName" not in outputs:
            sys.stdout.write(f"{given.stack} serves no web app (ServeWeb=true makes it)\n")
            return 0
        done = publish(
            boto3.client("s3"),
            boto3.client("cloudfront"),
            bucket=outputs["WebBucketName"],
            distribution=outputs["WebDistributionId"],
            dist=given.dist,
        )
    except (PublishingFailed, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
    sys.stdout.write(f"{outputs['WebUrl']}: {len(done.sent)} files sent, {len(done.removed)} removed\n")
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
    if wrong := misfit(outputs, parameters):
        sys.stderr.write(f"{wrong}\n")
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
