"""How long a message waits before it is tried again, the same for every host of the worker.

Doubling spares what is already struggling, and the random half keeps a crowd of workers from coming back together.
"""

from __future__ import annotations

FIRST_S = 10
MOST_S = 900


def retry_delay_s(received: int, *, chance: float, at_least_s: int = 0) -> int:
    """Seconds to hide a message that was received `received` times (1 is the first) and failed.

    `chance` in [0, 1) picks a point in the upper half of the interval; `at_least_s` is what the error itself asked for.
    """
    ceiling = min(MOST_S, FIRST_S << min(max(received, 1) - 1, 10))
    return max(at_least_s, round(ceiling * (0.5 + 0.5 * chance)))
