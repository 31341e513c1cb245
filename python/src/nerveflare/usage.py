"""What a turn took of language models: what a handler says, added up for its answer."""
from __future__ import annotations

from decimal import Decimal
from typing import Any, Mapping, Optional, Union

from . import limits

Tokens = Union[int, Mapping[str, int], None]
"""All of them, or `{"input": …, "output": …, "cached": …}`: `cached` is the part of `input` that came from a cache."""


class Usage:
    """What was said and is not on its way yet. Costs are added as decimals: no sum is off by what floating point loses."""

    def __init__(self) -> None:
        self._tokens: list[Any] = []
        self._cost: Optional[Decimal] = None

    def add(self, tokens: Tokens, cost: Optional[float]) -> Optional[str]:
        """Adds it, or says why no server would take it."""
        counts = list(tokens.values()) if isinstance(tokens, Mapping) else [0 if tokens is None else tokens]
        if isinstance(tokens, Mapping) and not set(tokens) <= {"input", "output", "cached"}:
            return "tokens are a number, or input, output and cached"
        if not all(isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= limits.USAGE_TOKENS for count in counts):
            return f"tokens are whole numbers from 0 to {limits.USAGE_TOKENS}"
        if cost is not None and not (isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost <= limits.USAGE_COST):
            return f"a cost is a number from 0 to {limits.USAGE_COST}"
        if tokens is not None:
            self._tokens.append(tokens)
        if cost is not None:
            self._cost = (self._cost or Decimal(0)) + Decimal(repr(cost))
        return None

    def take(self) -> dict[str, Any]:
        """`usage` of the answer that is made now; the next one begins at nothing."""
        tokens, cost = self._tokens, self._cost
        self._tokens, self._cost = [], None
        said: dict[str, Any] = {}
        if tokens:
            said["tokens"] = _add_apart(tokens) if all(isinstance(each, Mapping) for each in tokens) else _add(tokens)
        if cost is not None:
            said["cost"] = float(cost)
        return {"usage": said} if said else {}


def _add(tokens: list[Any]) -> int:
    return sum(each.get("input", 0) + each.get("output", 0) if isinstance(each, Mapping) else each for each in tokens)


def _add_apart(tokens: list[Any]) -> dict[str, int]:
    names = ["input", "output"] + (["cached"] if any("cached" in each for each in tokens) else [])
    return {name: sum(each.get(name, 0) for each in tokens) for name in names}
