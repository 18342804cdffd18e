"""The bucket: what the workflows rely on, asked of the fake and of S3 alike."""

from __future__ import annotations

import base64
import urllib.parse
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from sotto.adapters.s3_objects import S3Objects
from sotto.domain.errors import InvalidInput, RecordingReplaced
from sotto.domain.job import RecordingRef
from tests.fakes.objects import InMemoryObjects

KEY = "uploads/owner/job/Café + 1 🎤.wav"


@pytest.fixture(params=["memory", "s3"])
def objects(request: pytest.FixtureRequest):
    if request.param == "memory":
        return InMemoryObjects()
    bucket = request.getfixturevalue("bucket")
    return S3Objects(boto3.client("s3", config=Config(signature_version="s3v4")), bucket)


def test_what_was_written_is_read(objects) -> None:
    assert objects.read("work/a.json") is None
    objects.write("work/a.json", b"{}", content_type="application/json")
    assert objects.read("work/a.json") == b"{}"


def test_head_names_the_newest_version(objects) -> None:
    assert objects.head(KEY) is None
    objects.write(KEY, b"one", content_type="audio/wav")
    first = objects.head(KEY)
    objects.write(KEY, b"four", content_type="audio/wav")
    second = objects.head(KEY)
    assert (first.size_bytes, second.size_bytes) == (3, 4)
    assert first.version_id != second.version_id


def test_a_reader_seeks_and_keeps_to_its_version(objects) -> None:
    objects.write(KEY, bytes(range(256)) * 16, content_type="audio/wav")
    first = objects.head(KEY)
    objects.write(KEY, b"overwritten", content_type="audio/wav")
    with objects.open(first) as reader:
        assert reader.seekable()
        assert reader.read(4) == b"\x00\x01\x02\x03"
        assert reader.seek(-2, 2) == 4094
        assert reader.read() == b"\xfe\xff"
        assert reader.read(1) == b""
        reader.seek(256)
        assert reader.read(2) == b"\x00\x01"
        assert reader.tell() == 258


def test_a_reader_takes_a_long_recording_piece_by_piece(objects) -> None:
    content = bytes(range(256)) * 4096 * 3  # three times what is read ahead
    objects.write(KEY, content, content_type="audio/wav")
    newest = objects.head(KEY)
    with objects.open(newest) as reader:
        assert reader.read(16) == content[:16]
    objects.write(KEY, b"overwritten", content_type="audio/wav")
    with objects.open(newest) as reader:
        assert reader.read() == content


def test_a_version_that_is_gone_is_said_to_be(objects) -> None:
    gone = RecordingRef(KEY, "1", "00000000000000000000000000000000", 10)
    with pytest.raises(RecordingReplaced):
        objects.open(gone).read(1)


def test_every_version_is_listed_and_goes_with_its_prefix(objects) -> None:
    for key in ("work/a/1", "work/a/1", "work/a/2", "work/b/1"):
        objects.write(key, b"x", content_type="text/plain")
    listed = list(objects.versions_under("work/a/"))
    assert sorted(key for key, _ in listed) == ["work/a/1", "work/a/1", "work/a/2"]
    assert len(set(listed)) == 3
    assert objects.delete_prefix("work/a/") == 3
    assert list(objects.versions_under("work/a/")) == []
    assert len(list(objects.versions_under("work/"))) == 1


def test_a_multipart_upload_is_joined_once(objects) -> None:
    upload = objects.start_multipart(KEY, content_type="audio/wav")
    etag = _put_part(objects, upload, b"x" * 1000)
    assert [(part.number, part.size_bytes) for part in objects.uploaded_parts(KEY, upload)] == [(1, 1000)]
    objects.complete_multipart(KEY, upload, [(1, etag)])
    assert objects.head(KEY).size_bytes == 1000
    objects.complete_multipart(KEY, upload, [(1, etag)])


def test_a_part_that_we_store_ourselves_takes_the_place_of_its_number(objects) -> None:
    upload = objects.start_multipart(KEY, content_type="audio/wav")
    objects.upload_part(KEY, upload, 1, b"x")
    etag = objects.upload_part(KEY, upload, 1, b"yy")
    assert [(part.number, part.etag, part.size_bytes) for part in objects.uploaded_parts(KEY, upload)] == [(1, etag, 2)]
    objects.complete_multipart(KEY, upload, [(1, etag)])
    assert objects.read(KEY) == b"yy"


def test_a_wrong_part_is_refused(objects) -> None:
    upload = objects.start_multipart(KEY, content_type="audio/wav")
    _put_part(objects, upload, b"x")
    with pytest.raises(InvalidInput, match="parts"):
        objects.complete_multipart(KEY, upload, [(1, "0" * 32)])


def test_an_upload_may_be_given_up_twice(objects) -> None:
    # That it cannot be completed then is asked of the emulator: moto fails on an unknown upload id.
    upload = objects.start_multipart(KEY, content_type="audio/wav")
    objects.abort_multipart(KEY, upload)
    objects.abort_multipart(KEY, upload)
    assert objects.head(KEY) is None


def test_open_uploads_are_given_up_by_prefix(bucket: str) -> None:
    s3, under = boto3.client("s3"), "uploads/ada/1/"
    objects = S3Objects(s3, bucket)
    objects.abort_uploads(under)
    for key in (f"{under}talk.wav", f"{under}talk.wav", "uploads/ada/10/talk.wav"):
        objects.start_multipart(key, content_type="audio/wav")
    objects.abort_uploads(under)
    left = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [upload["Key"] for upload in left] == ["uploads/ada/10/talk.wav"]


def test_deletion_takes_every_version_and_nothing_else(objects) -> None:
    objects.write("work/a/1.json", b"1", content_type="application/json")
    objects.write("work/a/1.json", b"2", content_type="application/json")
    objects.write("work/b/1.json", b"3", content_type="application/json")
    assert objects.delete_prefix("work/a/") == 2
    assert objects.read("work/a/1.json") is None
    assert objects.read("work/b/1.json") == b"3"


def test_s3_signs_the_length_the_type_and_the_time(bucket: str) -> None:
    objects = S3Objects(boto3.client("s3", config=Config(signature_version="s3v4")), bucket)
    put = objects.presign_put(KEY, content_type="audio/wav", size_bytes=123, expires_s=60)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(put.url).query)
    assert query["X-Amz-SignedHeaders"] == ["content-length;content-type;host"]
    assert query["X-Amz-Expires"] == ["60"]
    checked = objects.presign_put(KEY, content_type="audio/wav", size_bytes=123, expires_s=60, sha256="00" * 32)
    assert checked.headers["x-amz-checksum-sha256"] == base64.b64encode(bytes(32)).decode()
    assert "x-amz-checksum-sha256" in urllib.parse.unquote(checked.url)
    get = objects.presign_get(KEY, version_id="v1", filename='a "b".wav', expires_s=60)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(get).query)
    assert query["versionId"] == ["v1"]
    assert query["response-content-disposition"] == ["inline; filename*=UTF-8''a%20%22b%22.wav"]
    part = objects.presign_part(KEY, "upload", 3, size_bytes=16, expires_s=60)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(part).query)
    assert (query["partNumber"], query["X-Amz-Expires"]) == (["3"], ["60"])
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]


def test_s3_copies_an_object_to_a_file(bucket: str, tmp_path: Path) -> None:
    objects = S3Objects(boto3.client("s3"), bucket)
    objects.write("models/tiny/model.bin", b"weights", content_type="application/octet-stream")
    assert objects.download("models/tiny/model.bin", tmp_path / "model.bin")
    assert (tmp_path / "model.bin").read_bytes() == b"weights"
    assert not objects.download("models/tiny/nothing", tmp_path / "nothing")


def _put_part(objects, upload: str, content: bytes) -> str:
    if isinstance(objects, InMemoryObjects):
        return objects.put_part(upload, 1, content)
    s3 = boto3.client("s3")
    return s3.upload_part(Bucket="sotto-data", Key=KEY, UploadId=upload, PartNumber=1, Body=content)["ETag"].strip('"')
