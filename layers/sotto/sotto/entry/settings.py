"""The settings of each process: exactly what it needs, checked once. entry/environment.py reads the environment.

A missing or wrong setting raises MisconfiguredSetting when the process first asks for its settings, so only the
function that needs it fails. Secrets are never settings: a setting names the secret, the adapter reads it.
docs/configuration.md is generated from these models.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sotto.domain.errors import MisconfiguredSetting
from sotto.domain.quotas import Quotas
from sotto.entry.environment import FIX, PLACEHOLDER, environment

PREFIX = "SOTTO_"


class Settings(BaseModel):
    """Base of all: field `part_s` is read from SOTTO_PART_S."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str = Field(default="local", description="Name of the deployment: local, dev, staging, prod")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read and check this process's settings. Raises MisconfiguredSetting, which names key, form and fix."""
        environ = environment() if environ is None else environ
        found = {name: environ[key] for name in cls.model_fields if environ.get(key := cls.key(name), "").strip()}
        for name, value in found.items():
            if PLACEHOLDER.fullmatch(value.strip()):
                raise MisconfiguredSetting(cls.key(name), expected="a real value", found="a placeholder", fix=FIX)
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0])
            expected = cls.model_fields[name].description or name
            raise MisconfiguredSetting(
                cls.key(name), expected=expected, found=found.get(name, "nothing"), fix=FIX
            ) from error

    @classmethod
    def key(cls, name: str) -> str:
        return PREFIX + name.upper()


class OfferSettings(Settings):
    """What callers may choose."""

    models: str = Field(
        default="base,tiny.en,voices",
        description="Comma-separated models that this service offers; `voices` tells speakers apart",
    )

    @property
    def offered_models(self) -> frozenset[str]:
        return frozenset(name.strip() for name in self.models.split(",") if name.strip())


class StoreSettings(Settings):
    """Where the data lies."""

    bucket: str = Field(description="Name of the bucket that holds recordings and transcripts")
    table: str = Field(description="Name of the DynamoDB table")


class KeepSettings(StoreSettings):
    """How long what the bucket holds of a recording is kept: its answers in the dropbox as long as itself."""

    audio_days: int = Field(default=30, ge=1, description="Days that recordings are kept, 1 or more")


class ReceiptSettings(StoreSettings):
    """What a process that deletes jobs needs to sign what it did."""

    receipt_key: str = Field(description="ARN of the KMS key (ECC_NIST_P256, SIGN_VERIFY) that signs deletion receipts")
    audit_days: int = Field(default=365, ge=1, description="Days that the audit log is kept, 1 or more")


class AdmissionSettings(Settings):
    """What every function behind the API needs to keep one person from using the service up."""

    table: str = Field(description="Name of the DynamoDB table")
    requests_per_minute: int = Field(
        default=1200, ge=1, description="Requests a minute that a user may make, 1 or more"
    )
    request_burst: int = Field(default=200, ge=1, description="Requests that one user may make at once, 1 or more")


class MailSettings(Settings):
    """What a function that sends mail needs."""

    table: str = Field(description="Name of the DynamoDB table")
    web_url: str = Field(
        default="",
        pattern=r"^$|^https?://[^\s/]+$",
        description="Origin of the web app, for links in mails, such as https://sotto.example.org",
    )
    mail: Literal["outbox", "ses", "smtp"] = Field(
        default="outbox", description="outbox (rows that `sotto mail` shows; not for production), ses or smtp"
    )
    mail_from: str = Field(
        default="",
        pattern=r"^$|^[^@\s,<>\"]+@[^@\s,<>\"]+$",
        description="Sender's address, which SES or the SMTP server lets us use; needed unless mail is outbox",
    )
    smtp_host: str = Field(
        default="",
        pattern=r"^$|^[A-Za-z0-9.-]+$",
        description="Name of the SMTP server, such as smtp.example.org; needed when mail is smtp",
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the SMTP server, 1 to 65535")
    smtp_tls: Literal["starttls", "implicit"] = Field(
        default="starttls", description="starttls (mostly port 587) or implicit (mostly port 465)"
    )
    smtp_secret: str = Field(
        default="",
        description='Name of the secret with {"username", "password"} for the SMTP server; needed when mail is smtp',
    )

    @model_validator(mode="after")
    def _what_mail_needs(self) -> Self:
        needed = {"outbox": (), "ses": ("mail_from",), "smtp": ("mail_from", "smtp_host", "smtp_secret")}[self.mail]
        for name in needed:
            if not getattr(self, name):
                expected = str(type(self).model_fields[name].description)
                raise MisconfiguredSetting(self.key(name), expected=expected, found="nothing", fix=FIX)
        return self


class AccountSettings(AdmissionSettings, MailSettings):
    """What a function that manages accounts needs (auth, admin)."""

    sign_up: Literal["invitation", "open"] = Field(
        default="invitation", description="Who may have an account: invitation or open (anybody who reads their mail)"
    )
    audit_days: int = Field(default=365, ge=1, description="Days that the audit log is kept, 1 or more")
    trusted_proxies: int = Field(
        default=0, ge=0, le=3, description="Proxies of our own before the API (1 for CloudFront), 0 to 3"
    )


class QuotaSettings(Settings):
    """What one user may use."""

    quota_minutes_a_month: int = Field(
        default=6000, ge=0, description="Minutes of audio that a user may have transcribed a month, 0 for no limit"
    )
    quota_concurrent_jobs: int = Field(
        default=50, ge=0, description="Unfinished jobs that a user may have, 0 for no limit"
    )
    quota_stored_bytes: int = Field(
        default=100 * 1024**3, ge=0, description="Bytes of recordings that a user may have stored, 0 for no limit"
    )

    quota_engine_s_a_month: int = Field(
        default=0, ge=0, description="Seconds of the engine's work that a user may cause a month, 0 for no limit"
    )

    @property
    def quotas(self) -> Quotas:
        return Quotas(
            self.quota_minutes_a_month,
            self.quota_concurrent_jobs,
            self.quota_stored_bytes,
            self.quota_engine_s_a_month,
        )


class PriceSettings(Settings):
    """What a function needs that tells costs."""

    price_per_engine_s: float = Field(
        default=0, ge=0, description="Price of a second of the engine's work in your currency, 0 to show no costs"
    )


class SigningSettings(Settings):
    """Where the signing keys lie."""

    signing_secret: str = Field(description="ARN or name of the secret that holds the signing keys")


class BootstrapSettings(Settings):
    """What lets the first administrator in."""

    bootstrap_secret: str = Field(
        description="ARN or name of the secret with the one-time password for the first administrator"
    )


class TokenSettings(Settings):
    """What access tokens say of themselves."""

    issuer: str = Field(min_length=1, max_length=128, description="Issuer of access tokens")
    audience: str = Field(min_length=1, max_length=128, description="Audience of access tokens")


class AuthSettings(AccountSettings, QuotaSettings, SigningSettings, BootstrapSettings, TokenSettings):
    """What the function that signs people in needs; it also tells them their limits."""

    access_ttl_s: int = Field(default=900, ge=60, le=3600, description="Life of an access token, 60 to 3600 seconds")
    refresh_ttl_s: int = Field(
        default=2_592_000, ge=3600, le=7_776_000, description="Life of a refresh token, 3600 to 7776000 seconds"
    )


class AdminSettings(AccountSettings, ReceiptSettings, PriceSettings, OfferSettings):
    """What the function for administrators needs."""

    arrived_queue_url: str = Field(description="URL of the queue that receives the bucket's object-created events")
    fetch_queue_url: str = Field(description="URL of the queue for recordings to fetch")
    dead_letter_queue_urls: str = Field(description="Comma-separated URLs of the dead-letter queues")
    transcript_days: int = Field(
        default=365, ge=1, description="Days that transcripts and job records are kept, 1 or more"
    )


class RotateKeysSettings(Settings):
    """What the function that rotates the signing keys needs."""

    table: str = Field(description="Name of the DynamoDB table")
    signing_secret: str = Field(description="ARN or name of the secret that holds the signing keys")
    access_ttl_s: int = Field(default=900, ge=60, le=3600, description="Life of an access token, 60 to 3600 seconds")
    audit_days: int = Field(default=365, ge=1, description="Days that the audit log is kept, 1 or more")


class NewJobSettings(KeepSettings, QuotaSettings, OfferSettings):
    """What a process needs that makes jobs."""

    default_model: str = Field(default="base", description="Model of a job that names none")
    max_upload_bytes: int = Field(
        default=5 * 1024**3, gt=0, description="Largest recording in bytes, a whole number above 0"
    )
    transcript_days: int = Field(
        default=365, ge=1, description="Days that transcripts and job records are kept, 1 or more"
    )


class JobSettings(NewJobSettings, AdmissionSettings):
    """What the API functions that serve jobs need (uploads, jobs)."""

    upload_ttl_s: int = Field(
        default=3600, ge=60, le=43200, description="Seconds that an upload URL lives, 60 to 43200"
    )


class UploadSettings(JobSettings):
    """What the function needs beside that accepts jobs: how recordings are fetched for them."""

    fetch_queue_url: str = Field(description="URL of the queue for recordings to fetch")
    webhook_targets: Literal["public", "loopback"] = Field(
        default="public",
        description="Where webhooks and fetches may lead: public (https, the internet) or loopback (this machine too)",
    )


class FetchSettings(StoreSettings):
    """What the function needs that fetches recordings."""

    max_upload_bytes: int = Field(
        default=5 * 1024**3, gt=0, description="Largest recording in bytes, a whole number above 0"
    )
    webhook_targets: Literal["public", "loopback"] = Field(
        default="public",
        description="Where webhooks and fetches may lead: public (https, the internet) or loopback (this machine too)",
    )


class IndexSettings(StoreSettings):
    """What the function that keeps the search index needs."""

    transcript_days: int = Field(
        default=365, ge=1, description="Days that transcripts and job records are kept, 1 or more"
    )


class TranscriptSettings(StoreSettings, AdmissionSettings):
    """What the API function that serves transcripts needs; who takes one out gets into the audit log."""

    transcript_days: int = Field(
        default=365, ge=1, description="Days that transcripts and job records are kept, 1 or more"
    )
    audit_days: int = Field(default=365, ge=1, description="Days that the audit log is kept, 1 or more")
    trusted_proxies: int = Field(
        default=0, ge=0, le=3, description="Proxies of our own before the API (1 for CloudFront), 0 to 3"
    )


class AudioSettings(JobSettings):
    """What the OpenAI-compatible function needs beside."""

    answer_within_s: float = Field(
        default=25,
        gt=0,
        le=27,
        description="Seconds that a request waits for its transcript, above 0 and up to 27: the gateway gives up at 29",
    )


class WebhookSettings(AdmissionSettings):
    """What the API function that manages webhooks needs."""

    webhook_targets: Literal["public", "loopback"] = Field(
        default="public",
        description="Where webhooks and fetches may lead: public (https, the internet) or loopback (this machine too)",
    )


class NotifySettings(KeepSettings, MailSettings):
    """What the function needs that tells webhooks, droppers, mail boxes and the event bus."""

    webhook_targets: Literal["public", "loopback"] = Field(
        default="public",
        description="Where webhooks and fetches may lead: public (https, the internet) or loopback (this machine too)",
    )
    event_bus: str = Field(
        default="", description="Name of the EventBridge bus that is told how each job ended, empty for none"
    )
    audit_bucket: str = Field(
        default="", description="Name of the bucket that holds the locked copy of the audit log, empty for none"
    )


class RetrySettings(JobSettings, ReceiptSettings, PriceSettings):
    """What the function needs beside that repeats and deletes jobs: where a recording is announced again, and how
    deletions get into the audit log."""

    fetch_queue_url: str = Field(description="URL of the queue for recordings to fetch")
    arrived_queue_url: str = Field(description="URL of the queue that receives the bucket's object-created events")
    fast_lane_workers: int = Field(
        default=1, ge=1, description="Parts of short recordings that are transcribed at once, for expected times"
    )
    bulk_lane_workers: int = Field(
        default=1, ge=1, description="Parts of long recordings that are transcribed at once, for expected times"
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=3, description="Proxies of our own before the API (1 for CloudFront), 0 to 3"
    )


class QueueSettings(StoreSettings):
    """What a process that queues parts needs."""

    fast_queue_url: str = Field(description="URL of the queue for parts of short recordings")
    bulk_queue_url: str = Field(description="URL of the queue for parts of long recordings")


class IntakeSettings(QueueSettings, NewJobSettings):
    """What intake needs to check a recording and to plan its parts, and to make jobs of what is dropped."""

    max_recording_s: float = Field(default=43200, gt=0, description="Longest recording in seconds, above 0")
    part_s: float = Field(default=240, ge=30, description="Length of a part in seconds, 30 or more")
    fast_lane_s: float = Field(default=600, ge=0, description="Recordings up to this many seconds take the fast lane")


class PathSettings(QueueSettings):
    """Where a recording passes on its way to a transcript."""

    arrived_queue_url: str = Field(description="URL of the queue that receives the bucket's object-created events")


class OpsSettings(PathSettings, SigningSettings, BootstrapSettings, TokenSettings):
    """What the function that tells whether the service is ready asks for, piece by piece (entry/ops_wiring.py)."""


class ReconcileSettings(QueueSettings, ReceiptSettings):
    """What the reconciler needs."""

    fetch_queue_url: str = Field(description="URL of the queue for recordings to fetch")
    arrived_queue_url: str = Field(description="URL of the queue that receives the bucket's object-created events")
    fast_lane_s: float = Field(default=600, ge=0, description="Recordings up to this many seconds take the fast lane")


class TranscribeSettings(StoreSettings):
    """What the transcribe container needs."""

    model_dir: Path = Field(default=Path("/tmp/models"), description="Folder that holds or caches the model files")  # noqa: S108 - the only writable place in Lambda
    default_model: str = Field(
        default="base", description="Model that is loaded at start, so that the first part is not slow"
    )
    engine: Literal["ctranslate2", "torch"] = Field(
        default="ctranslate2", description="ctranslate2 (CPU) or torch (GPU)"
    )
    compute_type: str = Field(
        default="int8", description="Number format of the engine: int8, float32, float16, bfloat16"
    )
    threads: int = Field(default=1, ge=1, le=64, description="Threads of one transcription, 1 to 64")
    concurrency: int = Field(default=1, ge=1, le=64, description="Parts that one process transcribes at once, 1 to 64")
    lease_s: int = Field(
        default=120, ge=30, description="Seconds after which a silent worker's part may be taken over, 30 or more"
    )


class EventSourceSettings(Settings):
    """What the process needs that turns messages into events, on a laptop or beside a GPU."""

    fast_queue_url: str = Field(description="URL of the queue for parts of short recordings")
    bulk_queue_url: str = Field(description="URL of the queue for parts of long recordings")
    worker_url: str = Field(description="Address of the transcribe container, such as http://127.0.0.1:8090")
    fast_slots: int = Field(
        default=1,
        ge=1,
        le=5,
        description="Parts of short recordings in flight at once, 1 to 5; long ones never use them",
    )
    bulk_slots: int = Field(default=1, ge=1, le=5, description="Parts of long recordings in flight at once, 1 to 5")
    wait_s: int = Field(default=15, ge=1, le=15, description="Seconds that one look into a queue waits, 1 to 15")
    hidden_s: int = Field(
        default=60,
        ge=3,
        le=3600,
        description="Seconds after which a part comes again whose event source died, 3 to 3600",
    )
    part_within_s: float = Field(default=1800, gt=0, description="Longest time that one part may take, in seconds")
    drain_s: float = Field(default=25, ge=0, description="Seconds that parts in flight get when the process is stopped")
