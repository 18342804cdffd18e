"""An integrator's view of the service: plain HTTP, nothing of ours but the documented API."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx

FINAL = {"COMPLETED", "FAILED", "CANCELLED", "EXPIRED"}
PATIENCE_S = 120.0


class Caller:
    """One signed-in user."""

    def __init__(self, api_url: str, email: str, password: str) -> None:
        self.http = httpx.Client(base_url=api_url, timeout=30)
        self.signed_in = self.http.post("auth/sign-in", json={"email": email, "password": password})
        self.signed_in.raise_for_status()
        self.token = str(self.signed_in.json()["access_token"])
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def asks_with(self, key: str) -> httpx.Client:
        """A program that holds this API key."""
        return httpx.Client(base_url=self.http.base_url, timeout=30, headers={"Authorization": f"Bearer {key}"})

    def create(self, name: str, content: bytes, content_type: str, **options: Any) -> dict[str, Any]:
        """POST /jobs; the answer `{job, upload}`."""
        request = {
            "name": name,
            "size_bytes": len(content),
            "content_type": content_type,
            "model": "tiny.en",
            **options,
        }
        answer = self.http.post("jobs", json=request)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def upload(self, accepted: dict[str, Any], content: bytes) -> httpx.Response:
        upload = accepted["upload"]
        return httpx.put(upload["url"], content=content, headers=upload["headers"], timeout=60)

    def submit(self, path: Path, content_type: str, **options: Any) -> dict[str, Any]:
        """Create a job for the file and upload it; the job as it was accepted."""
        content = path.read_bytes()
        accepted = self.create(path.name, content, content_type, **options)
        assert self.upload(accepted, content).status_code == 200
        return dict(accepted["job"])

    def job(self, job_id: str) -> dict[str, Any]:
        answer = self.http.get(f"jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["job"])

    def wait(self, job_id: str, *statuses: str, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """The job once its status is one of `statuses` (a final one by default)."""
        deadline = time.monotonic() + patience_s
        while (job := self.job(job_id))["status"] not in (statuses or FINAL):
            assert time.monotonic() < deadline, f"after {patience_s} s: {job}"
            time.sleep(0.1)
        return job

    def transcript(self, job_id: str, extension: str) -> str:
        answer = self.http.get(f"jobs/{job_id}/transcript", params={"format": extension})
        assert answer.status_code == 200, answer.text
        return answer.text


def words(text: str) -> list[str]:
    """Words as compared in tests: lower case, letters only."""
    return "".join(letter if letter.isalpha() or letter.isspace() else " " for letter in text.lower()).split()


def word_errors(expected: str, found: str) -> int:
    """Substitutions, deletions and insertions between two texts (Levenshtein over words)."""
    a, b = words(expected), words(found)
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        previous, row = row, [i]
        for j, right in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (left != right)))
    return row[-1]
