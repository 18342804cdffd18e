"""Every call of the client, on both clients, against a service that is the OpenAPI document."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from sotto.client import AsyncSotto, Sotto
from sotto.client.operation import Listing, Operation
from sotto.client.sotto import Operations
from tests.documented import Documented, document

OPTIONS = {
    "model": "base",
    "language": "en",
    "task": "translate",
    "word_times": False,
    "prompt": "p",
    "hotwords": "h",
    "beam_size": 5,
    "temperature": 0.2,
    "voice_activity": False,
    "voice_activity_threshold": 0.4,
    "voice_activity_min_silence_s": 1.0,
    "speakers": True,
    "max_speakers": 3,
}
CALLS: dict[str, tuple[Any, ...]] = {
    "sign_part": ("01J", 1),
    "list_parts": ("01J",),
    "abort_upload": ("01J",),
    "give_up": ("01J",),
    "create_job": ("a.wav", 3, "audio/wav", OPTIONS),
    "fetch_job": ("https://example.org/a.wav", OPTIONS),
    "create_jobs": ([{"name": "a.wav", "size_bytes": 3, "content_type": "audio/wav"}],),
    "label_job": ("01J",),
    "list_jobs": (),
    "get_job": ("01J",),
    "cancel_job": ("01J",),
    "retry_job": ("01J", OPTIONS),
    "delete_job": ("01J",),
    "get_recording": ("01J",),
    "list_models": (),
    "get_standing": ("01J",),
    "estimate": (60.0, "base"),
    "get_usage": ("2026-11",),
    "get_transcript": ("01J", "json"),
    "get_canonical_transcript": ("01J", 1),
    "list_segments": ("01J", 1),
    "edit": (
        "01J",
        1,
        [
            {"op": "replace", "first": 1, "last": 2, "text": "Sotto"},
            {"op": "rename_speaker", "speaker": "Speaker 1", "name": "Ann"},
        ],
    ),
    "revert": ("01J", 2, 1),
    "list_versions": ("01J",),
    "diff": ("01J", 1, 2),
    "search": ("budget",),
    "create_webhook": ("https://hooks.example.org", ["job.completed"], "d"),
    "list_webhooks": (),
    "get_webhook": ("01W",),
    "delete_webhook": ("01W",),
    "rotate_webhook_secret": ("01W",),
    "resume_webhook": ("01W",),
    "test_webhook": ("01W",),
    "list_deliveries": ("01W",),
    "redeliver": ("01W", "01D"),
    "sign_in": ("a@b.c", "p"),
    "refresh": ("r",),
    "sign_out": ("r",),
    "sign_out_everywhere": (),
    "change_password": ("o", "n"),
    "get_setup": (),
    "bootstrap": ("o", "a@b.c", "p"),
    "ask_for_account": ("a@b.c",),
    "sign_up": ("i", "p"),
    "ask_for_reset": ("a@b.c",),
    "reset_password": ("t", "p"),
    "get_account": (),
    "change_account": (),
    "list_dead_letters": (),
    "list_dead_letter_queues": (),
    "redrive": (),
    "rebuild_index": ("01U",),
    "list_keys": (),
    "create_key": ("k", ["jobs:read"], 30),
    "revoke_key": ("01K",),
    "list_users": (),
    "get_user": ("01U",),
    "get_user_usage": ("01U", "2026-11"),
    "change_user": ("01U",),
    "delete_user": ("01U",),
    "sign_user_out": ("01U",),
    "invite": ("a@b.c", "operator"),
    "read_audit": ("2026-11-22",),
    "receipt_keys": (),
    "check_life": (),
    "check_readiness": (),
    "get_version": (),
}
MORE: dict[str, dict[str, Any]] = {
    "create_job": {"title": "t", "tags": ["a"], "once": "key"},
    "label_job": {"title": None, "tags": ["a"]},
    "list_jobs": {
        "status": "FAILED,EXPIRED",
        "model": "base",
        "language": "en",
        "tag": "a",
        "text": "talk",
        "first_day": "2026-11-01",
        "last_day": "2026-11-22",
    },
    "change_user": {"role": "operator", "disabled": True, "quotas": {"minutes_a_month": 60, "stored_bytes": None}},
    "change_account": {"job_mails": True},
    "list_dead_letters": {"queue": "parts", "code": "disk_full", "owner": "01U", "job_id": "01J"},
    "redrive": {"code": "disk_full", "limit": 3, "dry_run": True},
    "rebuild_index": {"whole": True, "dry_run": True, "limit": 3, "cursor": "01J"},
    "search": {"model": "base", "language": "en", "first_day": "2026-11-01", "last_day": "2026-11-22"},
    "get_transcript": {"words": True, "timestamps": True, "speakers": True, "version": 1, "attempt": 1},
    "get_canonical_transcript": {"attempt": 1},
    "list_segments": {"attempt": 1},
    "list_versions": {"attempt": 1},
    "diff": {"attempt": 1},
}
SEVERAL_REQUESTS = {"transcribe", "submit", "announce", "upload", "wait"}  # test_transfers.py has them
NOT_OURS = {
    ("GET", "/auth/jwks"): "for servers that check tokens themselves",
    ("GET", "/openapi.json"): "for tools",
    ("POST", "/receipts/verify"): "for those who have neither the command nor a JOSE library: it checks by itself",
    ("POST", "/audio/transcriptions"): "for OpenAI's own client",
    ("POST", "/audio/translations"): "for OpenAI's own client",
    ("POST", "/jobs/{job_id}/upload/complete"): "test_transfers.py: the end of every upload in parts",
}


def handler(service: Documented) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1")
        status, headers, said = service.answer(request.method, path, request.url.query.decode(), request.content)
        return httpx.Response(status, headers=headers, content=said)

    return httpx.MockTransport(answer)


def waiting(service: Documented, name: str) -> Any:
    with Sotto("https://x.org", key="k", http=httpx.Client(transport=handler(service))) as client:
        found = getattr(client, name)(*CALLS[name], **MORE.get(name, {}))
        return list(found) if isinstance(vars(Operations)[name], Listing) else found


def awaited(service: Documented, name: str) -> Any:
    async def call() -> Any:
        async with AsyncSotto("https://x.org", key="k", http=httpx.AsyncClient(transport=handler(service))) as client:
            found = getattr(client, name)(*CALLS[name], **MORE.get(name, {}))
            return [one async for one in found] if isinstance(vars(Operations)[name], Listing) else await found

    return asyncio.run(call())


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_as_documented_and_both_clients_read_the_same(name: str) -> None:
    full, least = Documented(), Documented(full=False)
    found = waiting(full, name)
    assert found == awaited(Documented(), name)
    if name != "sign_part":  # which is never answered with nothing
        waiting(least, name)
        assert set(full.asked) == set(least.asked)
    if isinstance(found, list) and isinstance(vars(Operations)[name], Listing):
        assert found, "a list with an item in it was read"


def test_every_call_is_tried() -> None:
    calls = {name for name, value in vars(Operations).items() if isinstance(value, (Operation, Listing))}
    assert calls == set(CALLS) | SEVERAL_REQUESTS


def test_what_a_model_promises_is_in_the_document() -> None:
    """A field that the document does not have would be a guess; `extra` keeps those that the model does not have."""
    for name in CALLS:
        for model in _models(waiting(Documented(), name)):
            guessed = set(type(model).model_fields) - model.model_fields_set
            assert guessed == set(), f"{name}: {type(model).__name__} promises {guessed}"


def _models(found: Any) -> list[Any]:
    if isinstance(found, list):
        return [model for one in found for model in _models(one)]
    if not hasattr(found, "model_fields_set"):
        return []
    return [found, *(model for one in vars(found).values() for model in _models(one))]


def test_every_route_has_a_call_or_a_reason() -> None:
    documented = {(method.upper(), path) for path, found in document()["paths"].items() for method in found}
    asked = set()
    for name in CALLS:
        service = Documented()
        waiting(service, name)
        asked |= set(service.asked)
    assert documented - asked == set(NOT_OURS), "a route needs a call in sotto.client, or a reason in NOT_OURS"
