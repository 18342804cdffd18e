"""What `sam package` does: folders that the template names become zips in a bucket, local paths become their URLs.

The template's file is not changed and no resource is left out. Zips are named after their content, so what did not
change is not uploaded again and the template that points at them stays the same.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.errors import PackagingFailed
from infra.local.layers import Progress, build_layer, files_of
from infra.local.places import Places
from infra.local.template import Template

FIXED_TIME = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Artifact:
    """An object for the artifacts bucket; the key of a zip is made from its content."""

    key: str
    content: bytes


@dataclass(frozen=True)
class Package:
    """The template with S3 URLs in place of local paths, and the zips that they point at."""

    template: Template
    artifacts: tuple[Artifact, ...]


def package(places: Places, template: Template, bucket: str, progress: Progress) -> Package:
    """Zip every function and layer that the template names. Raises PackagingFailed."""
    artifacts: dict[str, Artifact] = {}

    def stored(folder: Path, files: Mapping[str, bytes]) -> str:
        content = zip_of(files)
        key = f"{folder.name}-{hashlib.sha256(content).hexdigest()[:32]}.zip"
        artifacts[key] = Artifact(key, content)
        return f"s3://{bucket}/{key}"

    resources: dict[str, Any] = {}
    for name, resource in template["Resources"].items():
        properties = dict(resource.get("Properties", {}))
        match resource["Type"], properties:
            case "AWS::Serverless::Function", {"CodeUri": str() as uri}:
                folder = _folder(places, name, uri)
                files = {str(path.relative_to(folder)): path.read_bytes() for path in files_of(folder)}
                properties["CodeUri"] = stored(folder, files)
            case "AWS::Serverless::LayerVersion", {"ContentUri": str() as uri}:
                folder = _folder(places, name, uri)
                properties["ContentUri"] = stored(folder, build_layer(places, folder, progress))
        resources[name] = {**resource, "Properties": properties} if properties else resource
    return Package({**template, "Resources": resources}, tuple(artifacts.values()))


def _folder(places: Places, resource: str, uri: str) -> Path:
    folder = places.template.parent / uri
    if not folder.is_dir():
        raise PackagingFailed(f"{places.template.name}: {resource} names the folder {uri}, which is not there")
    return folder


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip with fixed times, so that the same content is the same zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()
