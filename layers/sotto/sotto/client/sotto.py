"""The two clients, and all that they can do: one table for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from sotto.client import (
    accounts,
    administration,
    dead_letters,
    jobs,
    search_index,
    transcripts,
    uploads,
    usage,
    webhooks,
)
from sotto.client.flow import Flow
from sotto.client.identity import Fixed, Identity, Password
from sotto.client.jobs import Job, Options
from sotto.client.operation import Listing, Operation
from sotto.client.runners import AsyncRunner, Runner
from sotto.client.uploads import Advance, File, Source


def transcribe(
    recording: Path | Source,
    options: Options | None = None,
    *,
    title: str | None = None,
    tags: Sequence[str] = (),
    advance: Advance | None = None,
    progress: Callable[[Job], None] | None = None,
) -> Flow[Job]:
    """Upload a recording and wait for its transcript. Raises JobEnded when there is none in the end.

    `advance` hears of bytes that were sent, `progress` of the job at each look.
    """
    source = File(recording) if isinstance(recording, Path) else recording
    job = yield from uploads.submit(source, options, advance, title=title, tags=tags)
    job = yield from jobs.wait(job.id, progress)
    if job.status != "COMPLETED":
        raise job.ended
    return job


class Operations:
    """Every call, by topic. What each does is told at the function that it names."""

    transcribe = Operation(transcribe)

    submit = Operation(uploads.submit)
    announce = Operation(uploads.announce)
    upload = Operation(uploads.send)
    list_parts = Operation(uploads.parts)
    sign_part = Operation(uploads.sign)
    abort_upload = Operation(uploads.abort)
    give_up = Operation(uploads.give_up)

    create_job = Operation(jobs.create)
    fetch_job = Operation(jobs.fetch)
    create_jobs = Operation(jobs.create_many)
    list_jobs = Listing(jobs.mine)
    get_job = Operation(jobs.get)
    get_standing = Operation(usage.standing)
    wait = Operation(jobs.wait)
    cancel_job = Operation(jobs.cancel)
    retry_job = Operation(jobs.retry)
    label_job = Operation(jobs.label)
    delete_job = Operation(jobs.delete)
    receipt_keys = Operation(jobs.receipt_keys)
    get_recording = Operation(jobs.recording)
    estimate = Operation(usage.estimate)
    get_usage = Operation(usage.usage)
    list_models = Operation(jobs.models)

    get_transcript = Operation(transcripts.export)
    get_canonical_transcript = Operation(transcripts.canonical)
    list_segments = Listing(transcripts.segments)
    edit = Operation(transcripts.edit)
    revert = Operation(transcripts.revert)
    list_versions = Operation(transcripts.versions)
    diff = Operation(transcripts.diff)
    search = Listing(transcripts.search)

    create_webhook = Operation(webhooks.create)
    list_webhooks = Operation(webhooks.mine)
    get_webhook = Operation(webhooks.get)
    delete_webhook = Operation(webhooks.delete)
    rotate_webhook_secret = Operation(webhooks.rotate_secret)
    resume_webhook = Operation(webhooks.resume)
    test_webhook = Operation(webhooks.test)
    list_deliveries = Listing(webhooks.deliveries)
    redeliver = Operation(webhooks.redeliver)

    sign_in = Operation(accounts.sign_in)
    refresh = Operation(accounts.refresh)
    sign_out = Operation(accounts.sign_out)
    sign_out_everywhere = Operation(accounts.sign_out_everywhere)
    change_password = Operation(accounts.change_password)
    get_setup = Operation(accounts.setup)
    bootstrap = Operation(accounts.bootstrap)
    ask_for_account = Operation(accounts.ask_for_account)
    sign_up = Operation(accounts.sign_up)
    ask_for_reset = Operation(accounts.ask_for_reset)
    reset_password = Operation(accounts.reset_password)
    get_account = Operation(accounts.account)
    change_account = Operation(accounts.change_account)
    list_keys = Operation(accounts.keys)
    create_key = Operation(accounts.create_key)
    revoke_key = Operation(accounts.revoke_key)

    list_users = Listing(administration.users)
    get_user = Operation(administration.user)
    get_user_usage = Operation(usage.usage_of)
    change_user = Operation(administration.change_user)
    delete_user = Operation(administration.delete_user)
    sign_user_out = Operation(administration.sign_user_out)
    invite = Operation(administration.invite)
    read_audit = Listing(administration.audit)
    list_dead_letters = Listing(dead_letters.letters)
    list_dead_letter_queues = Operation(dead_letters.depths)
    redrive = Operation(dead_letters.redrive)
    rebuild_index = Operation(search_index.rebuild)
    check_life = Operation(administration.alive)
    check_readiness = Operation(administration.ready)
    get_version = Operation(administration.version)


class Sotto(Operations, Runner):
    """A Sotto service, as somebody. Calls return when they are done; threads may share one client.

    `service` is the address, with or without /v1. Name an API `key`, or `email` and `password`, or an `identity`.
    """

    def __init__(
        self,
        service: str,
        *,
        key: str | None = None,
        email: str | None = None,
        password: str | None = None,
        identity: Identity | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        super().__init__(base_of(service), identity or identity_of(key, email, password), http)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncSotto(Operations, AsyncRunner):
    """The same for asyncio: every call is awaited, every list is read with `async for`."""

    def __init__(
        self,
        service: str,
        *,
        key: str | None = None,
        email: str | None = None,
        password: str | None = None,
        identity: Identity | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(base_of(service), identity or identity_of(key, email, password), http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()


def base_of(service: str) -> str:
    """The API's address with /v1, from a service's address with or without it."""
    return service.rstrip("/").removesuffix("/v1") + "/v1"


def identity_of(key: str | None, email: str | None, password: str | None) -> Identity:
    if email is not None and password is not None:
        return Password(email, password)
    return Fixed(key)
