"""A transcript after it is made: every format through the gateway, edits, and search that follows."""

from __future__ import annotations

import io
import time
from typing import Any

import docx
import pytest

from tests.conftest import ROOT
from tests.e2e.caller import Caller
from tests.e2e.conftest import RunningStack

pytestmark = pytest.mark.e2e

PATIENCE_S = 60.0


def search(caller: Caller, query: str, job_id: str, *, until: bool) -> list[dict[str, Any]]:
    """The hits in one job, once there are some, or none."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = caller.http.get("search", params={"q": query, "limit": 100})
        assert answer.status_code == 200, answer.text
        hits = [hit for hit in answer.json()["hits"] if hit["job_id"] == job_id]
        if bool(hits) is until:
            return hits
        assert time.monotonic() < deadline, f"after {PATIENCE_S} s: {answer.text[:300]}"
        time.sleep(0.2)


def forget_words(stack: RunningStack, job_id: str) -> None:
    """Take a job's rows out of the search index, as if the stream had never told of it."""
    stack.delete_rows(
        "contains(sk, :job) AND (begins_with(sk, :term) OR begins_with(sk, :words))",
        {":job": job_id, ":term": "TERM#", ":words": "WORDS#"},
    )


def test_a_transcript_is_exported_edited_searched_indexed_again_and_deleted(
    caller: Caller, stack: RunningStack
) -> None:
    job_id = caller.wait(caller.submit(ROOT / "tests/audio/sample.ogg", "audio/ogg")["id"])["id"]

    document = caller.http.get(f"jobs/{job_id}/transcript", params={"format": "docx"})
    assert document.content[:2] == b"PK", "the gateway hands bytes on as bytes"
    assert docx.Document(io.BytesIO(document.content)).paragraphs[0].text == "sample.ogg"
    for path, query in (
        (f"jobs/{job_id}/transcript", {"format": "docx"}),
        (f"jobs/{job_id}", {}),
        ("openapi.json", {}),
    ):
        known = {"If-None-Match": caller.http.get(path, params=query).headers["etag"]}
        unchanged = caller.http.get(path, params=query, headers=known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert caller.transcript(job_id, "md").startswith("# sample.ogg\n")
    assert caller.transcript(job_id, "tsv").startswith("start\tend\ttext\n")

    page = caller.http.get(f"jobs/{job_id}/segments", params={"limit": 1}).json()
    word = page["segments"][0]["words"][0]
    assert (page["version"], word["id"], word["edited"]) == (1, 0, False)
    heard = search(caller, word["text"], job_id, until=True)[0]
    assert heard["at"] == pytest.approx(word["start"], abs=0.001)

    change = {"base_version": 1, "operations": [{"op": "replace", "first": 0, "last": 0, "text": "Xylophone"}]}
    assert caller.http.post(f"jobs/{job_id}/edits", json=change).status_code == 201
    assert caller.http.post(f"jobs/{job_id}/edits", json=change).json()["code"] == "version_conflict"
    assert caller.job(job_id)["transcript_version"] == 2
    assert caller.transcript(job_id, "txt").startswith("Xylophone ")
    (hit,) = search(caller, "xylo*", job_id, until=True)
    assert (hit["at"], hit["segment"]) == (word["start"], 0)

    forget_words(stack, job_id)
    search(caller, "xylo*", job_id, until=False)
    rebuild = {"owner": caller.http.get("account").json()["user"]["id"], "limit": 1}  # the newest job is this one
    assert caller.http.post("admin/index/rebuild", json=rebuild).json()["job_ids"] == [job_id]
    search(caller, "xylo*", job_id, until=True)

    assert caller.http.delete(f"jobs/{job_id}").status_code == 200
    search(caller, "xylo*", job_id, until=False)
