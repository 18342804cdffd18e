"""What is put into zips, and what becomes of the template."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from infra.local import package
from infra.local.errors import PackagingFailed
from infra.local.layers import files_of
from infra.local.places import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    folder = tmp_path / "functions" / "hello"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "handler.py").write_text("handler = print\n")
    (folder / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"x")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return Places(state=tmp_path / "state", checkout=tmp_path)


def template(uri: str = "functions/hello") -> dict[str, object]:
    function = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": uri, "Handler": "handler.handler"}}
    image = {"Type": "AWS::Serverless::Function", "Properties": {"PackageType": "Image"}}
    queue = {"Type": "AWS::SQS::Queue"}
    return {"Resources": {"Hello": function, "Image": image, "Queue": queue}}


def test_a_function_becomes_a_zip_and_nothing_else_changes(places: Places) -> None:
    source = template()
    found = package.package(places, source, "artifacts", lambda _: None)
    (artifact,) = found.artifacts
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
        assert archive.namelist() == ["handler.py"]
        assert archive.read("handler.py") == b"handler = print\n"
    properties = found.template["Resources"]["Hello"]["Properties"]
    assert properties == {"CodeUri": f"s3://artifacts/{artifact.key}", "Handler": "handler.handler"}
    assert source == template(), "the template that was read is not touched"
    assert {name: found.template["Resources"][name] for name in ("Image", "Queue")} == {
        name: source["Resources"][name]  # type: ignore[index]
        for name in ("Image", "Queue")
    }


def test_the_same_content_is_the_same_zip_and_other_content_is_not(places: Places) -> None:
    first = package.package(places, template(), "artifacts", lambda _: None)
    handler = places.checkout / "functions" / "hello" / "handler.py"
    handler.touch()
    assert package.package(places, template(), "artifacts", lambda _: None).artifacts == first.artifacts
    handler.write_text("handler = repr\n")
    assert package.package(places, template(), "artifacts", lambda _: None).artifacts != first.artifacts


def test_a_folder_that_is_not_there_is_named(places: Places) -> None:
    with pytest.raises(PackagingFailed, match="Hello names the folder functions/nobody, which is not there"):
        package.package(places, template("functions/nobody"), "artifacts", lambda _: None)


def test_only_what_runs_is_packaged(places: Places) -> None:
    folder = places.checkout / "functions" / "hello"
    assert [path.name for path in files_of(folder)] == ["handler.py"]
