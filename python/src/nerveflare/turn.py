"""A turn, as its handler sees it."""
from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Awaitable, Callable, Mapping, Optional, Union

from .artifacts import Artifacts
from .usage import Tokens


@dataclass(frozen=True)
class Invalid:
    """Why the answer before was not taken: made to be put into a prompt as it is."""

    errors: list[dict[str, Any]]
    """Each with `path`, a JSON pointer into the output, and `message`."""
    left: int
    """How many answers are left."""
    output: Mapping[str, Any]
    """What was refused."""


@dataclass(frozen=True)
class WithBody:
    """An output with free text under it: the next prompt sees it as `_body`."""

    output: Mapping[str, Any]
    body: str


Answer = Union[Mapping[str, Any], WithBody]


@dataclass(frozen=True)
class TurnPorts:
    """What a turn can do beside being answered."""

    progress: Callable[[str, Any], None]
    send: Callable[..., Awaitable[dict[str, Any]]]
    usage: Callable[[Tokens, Optional[float]], None]
    artifacts: Artifacts


@dataclass(frozen=True)
class Turn:
    """A turn to perform. `data` is all that the server said of it (`TurnAssigned` in its description)."""

    data: Mapping[str, Any]
    invalid: Optional[Invalid]
    """There from the second answer on."""
    ports: TurnPorts = field(repr=False)
    revoked: threading.Event = field(repr=False, default_factory=threading.Event)
    """Set when nobody waits for the answer any more. An `async` handler is cancelled; one in a thread should look here."""

    @property
    def id(self) -> str:
        return str(self.data["turn"])

    @property
    def workflow(self) -> str:
        return str(self.data["workflow"])

    @property
    def role(self) -> str:
        return str(self.data["role"]["name"])

    @property
    def schema(self) -> Any:
        """The JSON Schema of the output."""
        return self.data["role"].get("schema")

    @property
    def prompt(self) -> str:
        return str(self.data["prompt"])

    @property
    def thread(self) -> str:
        return str(self.data["thread"])

    @property
    def attempt(self) -> int:
        """How often the turn was given, to whomever."""
        return int(self.data.get("attempt") or 1)

    @property
    def round(self) -> int:
        return int(self.data["round"])

    @property
    def event(self) -> Mapping[str, Any]:
        """The event that began the thread."""
        found: Mapping[str, Any] = self.data["event"]
        return found

    @property
    def last(self) -> Optional[Mapping[str, Any]]:
        """The step before, if there was one."""
        return self.data.get("last")

    @property
    def handover(self) -> Optional[Mapping[str, Any]]:
        """Who held the role before, how far they came, and why they hold it no more."""
        return self.data.get("handover")

    @property
    def resumed(self) -> Optional[Mapping[str, Any]]:
        """Why the thread was resumed, and what a person added."""
        return self.data.get("resumed")

    @property
    def artifacts(self) -> Artifacts:
        """Puts what is larger than an output may be, and reads what the turn names."""
        return self.ports.artifacts

    def progress(self, note: str, details: Any = None) -> None:
        """Tells how far it is, from any thread; `details` travel in the hand-over. Of several that wait only the last is sent."""
        self.ports.progress(note, details)

    def usage(self, tokens: Tokens = None, cost: Optional[float] = None) -> None:
        """Says what the work took of a language model, from any thread. What several calls say adds up, and travels with the answer or the
        failure. What no server takes is noted, and costs no answer."""
        self.ports.usage(tokens, cost)

    async def send(self, type: str, data: Any = None, **attributes: Any) -> dict[str, Any]:
        """Sends an event that this turn caused. Give an `id` to make it repeatable."""
        return await self.ports.send(type, data, **attributes)
