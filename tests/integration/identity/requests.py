"""A good body or query for every route that needs one. The route walk says so when a new route is missing here."""

from __future__ import annotations

from typing import Any

from tests.integration.identity.world import Route

BODIES: dict[Route, Any] = {
    ("POST", "/jobs"): {"name": "talk.wav", "size_bytes": 1000, "content_type": "audio/wav"},
    ("POST", "/estimates"): {"duration_s": 3600},
    ("POST", "/jobs/batch"): {"jobs": [{"name": "talk.wav", "size_bytes": 1000, "content_type": "audio/wav"}]},
    ("PATCH", "/jobs/{job_id}"): {"title": "Council"},
    ("POST", "/jobs/{job_id}/upload/parts"): {"numbers": [1]},
    ("POST", "/jobs/{job_id}/upload/complete"): {"parts": [{"number": 1, "etag": "x"}]},
    ("POST", "/jobs/{job_id}/retry"): {},
    ("POST", "/jobs/{job_id}/edits"): {
        "base_version": 1,
        "operations": [{"op": "delete", "first": 1, "last": 1}],
    },
    ("POST", "/jobs/{job_id}/revert"): {"base_version": 2, "to": 1},
    ("POST", "/admin/dlq/redrive"): {"dry_run": True},
    ("POST", "/admin/index/rebuild"): {"owner": "01NOBODY"},
    ("PATCH", "/account"): {"job_mails": False},
    ("POST", "/webhooks"): {"url": "https://1.1.1.1/sotto", "events": ["job.completed"]},
}
QUERIES: dict[Route, dict[str, str]] = {
    ("GET", "/jobs/{job_id}/transcript"): {"format": "txt"},
    ("GET", "/jobs/{job_id}/diff"): {"from": "1", "to": "2"},
    ("GET", "/audit"): {"day": "2026-11-22"},
}
