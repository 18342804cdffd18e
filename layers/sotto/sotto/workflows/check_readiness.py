"""Whether what the service needs is there: all checks at once, each answered by yes or no.

The answer is public, so it is remembered for a moment: whoever asks without end costs nothing but that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

Check = Callable[[], object]
"""Raises when the thing cannot be reached; what it returns says nothing."""


class CheckReadiness:
    def __init__(
        self,
        checks: Callable[[], Mapping[str, Check]],
        on_failure: Callable[[str, Exception], None],
        monotonic: Callable[[], float],
        *,
        remembered_s: float,
    ) -> None:
        """`checks` may raise, when the settings that they need are wrong; that is the check "settings"."""
        self._checks, self._on_failure = checks, on_failure
        self._monotonic, self._remembered_s = monotonic, remembered_s
        self._last: Mapping[str, bool] = {}
        self._until = float("-inf")

    def __call__(self) -> Mapping[str, bool]:
        """Names of the checks, and whether each is well."""
        if self._monotonic() >= self._until:
            self._last = self._examine()
            self._until = self._monotonic() + self._remembered_s
        return self._last

    def _examine(self) -> Mapping[str, bool]:
        try:
            checks = self._checks()
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "failed", and the log says why
            self._on_failure("settings", error)
            return {"settings": False}
        with ThreadPoolExecutor(max_workers=len(checks)) as pool:
            results = pool.map(lambda item: self._well(*item), checks.items())
            return {"settings": True, **dict(zip(checks, results, strict=True))}

    def _well(self, name: str, check: Check) -> bool:
        try:
            check()
        except Exception as error:  # noqa: BLE001 - as above
            self._on_failure(name, error)
            return False
        return True
