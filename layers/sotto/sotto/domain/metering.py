"""Work of the engine, as it was measured: what it cost, and how fast it was.

An engine second is a second in which a worker held a part, from its claim to its result: reading, decoding and a cold
start are in it, as they are on the bill. A try that failed or was stopped counts; one whose worker died unseen was
measured by nobody and does not.
"""

from __future__ import annotations

from dataclasses import dataclass

SPEED_DAYS = 7
"""Speed is that of the last days, so that it follows the machines and models that are in use."""


@dataclass(frozen=True)
class Work:
    """Seconds that a worker spent on a part, and the day (UTC) on which it ended."""

    engine_s: float
    day: str


@dataclass(frozen=True)
class Speed:
    """Sums over finished parts of one model."""

    audio_s: float
    engine_s: float

    def engine_s_for(self, audio_s: float) -> float:
        return audio_s * self.engine_s / self.audio_s


@dataclass(frozen=True)
class DayUse:
    """What one credential of a user used on a day: seconds of audio transcribed, and of the engine's work."""

    day: str
    credential: str
    audio_s: float
    engine_s: float


def cost_of(engine_s: float | None, price_per_engine_s: float) -> float | None:
    """In the currency of the price; None where nothing was measured or no price is set."""
    return round(engine_s * price_per_engine_s, 6) if engine_s is not None and price_per_engine_s else None
