"""Every path that the laptop cloud touches, in one place.

Two kinds. What the stack *has* lies under one state folder (`.sotto/` of the checkout, a temporary folder in tests),
so removing that folder removes the stack. What the checkout *builds* (the emulator's environment, packages, model
files) is shared by all stacks of the checkout and may be deleted at any time.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
ANNOUNCEMENT = Path(".config") / "sotto" / "local.json"
"""Under the home folder: tells the command line, in whatever folder, which local stack runs. Holds a path only."""


@dataclass(frozen=True)
class Places:
    """`state` is this stack's folder. `announcement` is None for stacks that nobody else should find (tests)."""

    state: Path
    announcement: Path | None = None
    checkout: Path = CHECKOUT

    @classmethod
    def of_checkout(cls) -> Places:
        return cls(state=CHECKOUT / ".sotto", announcement=Path.home() / ANNOUNCEMENT)

    # What the stack has.

    @property
    def emulator_state(self) -> Path:
        return self.state / "emulator"

    @property
    def objects(self) -> Path:
        """The buckets' objects, as files."""
        return self.state / "objects"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def temporary(self) -> Path:
        """TMPDIR of every child; removed when the stack stops, because the emulator leaks its workers' folders."""
        return self.state / "tmp"

    @property
    def lock(self) -> Path:
        """Held (flock) by the running starter, so a crash releases it: no stale pid file can block a start."""
        return self.state / "lock"

    @contextmanager
    def alone(self, work: str) -> Iterator[None]:
        """One stack of this checkout does `work` at a time; the others wait, and find it done."""
        self.build.mkdir(parents=True, exist_ok=True)
        with (self.build / f"{work}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def status(self) -> Path:
        return self.state / "status.json"

    @property
    def credentials(self) -> Path:
        """The first administrator's e-mail and password, mode 600."""
        return self.state / "credentials.json"

    # What the checkout builds.

    @property
    def emulator_environment(self) -> Path:
        return self.checkout / ".emulator"

    @property
    def build(self) -> Path:
        return self.checkout / ".build"

    @property
    def models(self) -> Path:
        return self.checkout / ".models"

    @property
    def template(self) -> Path:
        return self.checkout / "template.yaml"

    @property
    def samconfig(self) -> Path:
        return self.checkout / "samconfig.toml"

    @property
    def web(self) -> Path:
        return self.checkout / "web" / "dist"
