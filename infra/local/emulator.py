"""The AWS emulator (MiniStack) as a child: its own environment, its settings, its clients.

It lives in its own virtual environment because it pins its own botocore. It starts with a clean environment, because
its Lambda workers inherit it: an AWS_ENDPOINT_URL or a CA bundle from the developer's shell would make them hang.
AUTH makes it check signatures and IAM policies for real. Whoever can reach the loopback device is root with the key
`test`, as with every emulator; nothing listens elsewhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.local.children import Plan
from infra.local.errors import EnvironmentBroken
from infra.local.places import Places
from infra.local.ports import LOOPBACK

REQUIREMENTS = Path(__file__).with_name("emulator-requirements.txt")
LAUNCHER = "infra.local.checkpoints"
REGION = "us-east-1"
ACCESS_KEY = "test"
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "COVERAGE_PROCESS_CONFIG")
"""The last one lets tests measure the children too (coverage.py's `patch = subprocess`)."""


def clean_environment(places: Places, environ: dict[str, str]) -> dict[str, str]:
    """What every child starts from: where programs are, the language, and our own temporary folder."""
    kept = {key: environ[key] for key in INHERITED if key in environ}
    return {**kept, "TMPDIR": str(places.temporary), "PYTHONUNBUFFERED": "1"}


def client_environment(endpoint: str) -> dict[str, str]:
    """The SDK's own variables, for children that talk to the emulator. No metadata service is ever asked."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def interpreter(places: Places) -> Path:
    return places.emulator_environment / "bin" / "python"


def ensure_environment(places: Places, progress: Callable[[str], None]) -> None:
    """Make the emulator's environment if it is missing or its requirements changed. Raises EnvironmentBroken."""
    with places.alone("emulator"):
        _make_environment(places, progress)


def _make_environment(places: Places, progress: Callable[[str], None]) -> None:
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    stamp = places.emulator_environment / "installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    progress("making the emulator's environment (once, about a minute)")
    shutil.rmtree(places.emulator_environment, ignore_errors=True)
    venv.create(places.emulator_environment, with_pip=True, symlinks=True)
    command = [str(interpreter(places)), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(REQUIREMENTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EnvironmentBroken(f"pip could not install {REQUIREMENTS.name}:\n{done.stderr.strip()[-2000:]}")
    stamp.write_text(wanted)


def plan(places: Places, port: int, environ: dict[str, str]) -> Plan:
    """How to run the emulator on `port`, with its state under `places`."""
    settings = {
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(places.emulator_state),
        "S3_DATA_DIR": str(places.objects),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "INFO",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Plan(
        name="emulator",
        argv=(str(interpreter(places)), "-m", LAUNCHER),
        environment={**clean_environment(places, environ), **settings},
        cwd=places.checkout,
        ready=lambda: answers(f"http://{LOOPBACK}:{port}/_ministack/ready"),
        ready_within_s=30,
        stop_within_s=30,  # it writes its whole state
    )


async def answers(url: str) -> bool:
    """Whether an HTTP server answers there, with any status."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own http URL
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    return await asyncio.to_thread(ask)


class Aws:
    """boto3 clients for one endpoint, made once each: `aws("s3").head_bucket(...)`.

    They use the emulator's root key, whatever the developer's own AWS profile says. The services are named by text,
    so boto3's own types cannot follow; callers in this folder check what they get.
    """

    def __init__(self, endpoint: str) -> None:
        import boto3  # 0.3 s; `sotto down` and `sotto status` do without it

        self.endpoint = endpoint
        self._session: Any = boto3.Session(
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY, region_name=REGION
        )
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            from botocore.config import Config

            config = Config(
                signature_version="s3v4" if service == "s3" else None,
                s3={"addressing_style": "path"},
                retries={"mode": "standard", "max_attempts": 3},
                connect_timeout=5,
                read_timeout=120,
            )
            self._made[service] = self._session.client(service, endpoint_url=self.endpoint, config=config)
        return self._made[service]
