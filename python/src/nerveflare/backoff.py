"""How long to wait before trying again, and how durations of the language are read."""
from __future__ import annotations

import re
from typing import Callable, Optional

from . import limits

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def compute_backoff(attempt: int, random: Callable[[], float]) -> float:
    """Exponential back-off with full jitter, in seconds: a fleet that lost its server at once must not come back at once.
    At least a tenth of the bound, so that bad luck is no busy loop. `attempt` is 0 for the first pause."""
    bound = min(limits.BACKOFF_MAX, limits.BACKOFF_BASE * float(2 ** min(attempt, 20)))
    return bound * max(0.1, random())


def read_duration(text: object) -> Optional[float]:
    """Reads `500ms`, `30s`, `10m`, `24h`, `7d` as seconds; None if it is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text) if isinstance(text, str) else None
    return float(match[1]) * _UNITS[match[2]] if match else None


class Heartbeat:
    """How often a sign of life is due: at half of the shortest heartbeat that a role of any thread asks for."""

    def __init__(self, apply: Callable[[float], None], now: Callable[[], float]) -> None:
        self._apply, self._now = apply, now
        self._asked: dict[str, tuple[float, float]] = {}
        self.every = limits.BEAT

    def ask(self, thread: str, heartbeat: object) -> None:
        """A role of the thread asks for a sign of life, as `{"every": "30s"}`."""
        every = read_duration(heartbeat.get("every")) if isinstance(heartbeat, dict) else None
        if every is not None:
            before = self._asked.get(thread)
            self._asked[thread] = (min(every, before[0]) if before else every, self._now())
            self._update()

    def forget(self, thread: str) -> None:
        self._asked.pop(thread, None)
        self._update()

    def keep(self, threads: set[str], listed: float) -> None:
        """Forgets all but these threads, and those that asked after the list was made."""
        self._asked = {thread: (every, at) for thread, (every, at) in self._asked.items() if thread in threads or at >= listed}
        self._update()

    def _update(self) -> None:
        due = max(limits.BEAT_MIN, min([limits.BEAT, *(every / 2 for every, _ in self._asked.values())]))
        if due != self.every:
            self.every = due
            self._apply(due)
