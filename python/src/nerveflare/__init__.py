"""Agents for nerveflare. See `Agent`."""
from .agent import Agent
from .errors import NerveError, TurnFailure
from .turn import Invalid, Turn, WithBody

__all__ = ["Agent", "Invalid", "NerveError", "Turn", "TurnFailure", "WithBody"]
