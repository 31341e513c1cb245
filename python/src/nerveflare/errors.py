"""What goes wrong, each told by a stable `code`."""
from __future__ import annotations

from typing import Any, Mapping, Optional


class NerveError(Exception):
    """A failed call or event. `code` is the server's (docs/problems.md), or one of the client's own: `network`: nothing answered;
    `closed`: the agent was closed; `outbox_full`: too much waits to be sent; `not_json`: JSON cannot say it.

    `problem` is what the server said, e.g. `errors` and `left` of `output_invalid`; `retryable` says whether the same event may be sent
    again under the same id, and `retry_after` when."""

    def __init__(
        self, code: str, message: str, *, problem: Optional[Mapping[str, Any]] = None, retry_after: Optional[float] = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.detail = message
        self.problem = problem
        self.retryable = bool(problem.get("retryable")) if problem is not None else code == "network"
        given = problem.get("retryAfter") if problem is not None and retry_after is None else retry_after
        self.retry_after = float(given) if isinstance(given, (int, float)) else None


class TurnFailure(Exception):
    """Raise it in a handler to fail the turn. With `retryable` the turn is given again, if the role allows. Any other error fails it for good."""

    def __init__(self, reason: str, *, retryable: bool = False) -> None:
        super().__init__(reason)
        self.retryable = retryable


def refuse_by(problem: Mapping[str, Any], retry_after: Optional[float] = None) -> NerveError:
    """The error of a problem that the server sent."""
    return NerveError(str(problem["code"]), str(problem.get("detail", "")), problem=problem, retry_after=retry_after)


def read_problem(value: Any) -> Optional[Mapping[str, Any]]:
    """A problem of the server's, if it is one: a proxy's page is none."""
    if isinstance(value, dict) and isinstance(value.get("code"), str) and isinstance(value.get("retryable"), bool):
        return value
    return None


def describe(error: BaseException) -> str:
    """For people: what was said, and the error's name where that alone says nothing."""
    if isinstance(error, (NerveError, TurnFailure)):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
