"""Agents for nerveflare. See `Agent`."""
from .agent import Agent
from .artifacts import Artifacts
from .errors import NerveError, TurnFailure
from .turn import Invalid, Turn, WithBody

__all__ = ["Agent", "Artifacts", "Invalid", "NerveError", "Turn", "TurnFailure", "WithBody"]
