"""What the life signs answer. A check has a name and a word: nobody outside learns more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from sotto.entry.job_shapes import Shape


class LiveAnswer(Shape):
    status: Literal["alive"] = "alive"


class ReadyAnswer(Shape):
    status: Literal["ready", "not_ready"]
    checks: dict[str, Literal["ok", "failed"]]

    @classmethod
    def of(cls, checks: Mapping[str, bool]) -> Self:
        return cls(
            status="ready" if all(checks.values()) else "not_ready",
            checks={name: "ok" if well else "failed" for name, well in checks.items()},
        )


class DeployedAnswer(Shape):
    version: str
    stage: str
