"""Events that are not accepted yet: each is sent again under its id until the server takes it or refuses it for good."""
from __future__ import annotations

import asyncio
from typing import Any, Callable, Optional, Protocol

from . import limits
from .backoff import compute_backoff
from .errors import NerveError, refuse_by
from .events import Event, write_event


class Sender(Protocol):
    """A connection, as far as events go."""

    async def send(self, event: Event, text: str) -> dict[str, Any]: ...


class Outbox:
    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._entries: dict[str, tuple[str, asyncio.Task[dict[str, Any]]]] = {}
        self._bytes = 0
        self._window = asyncio.Semaphore(limits.WINDOW)
        self._sender: Optional[Sender] = None
        self._there = asyncio.Event()

    def attach(self, sender: Optional[Sender]) -> None:
        """There is a connection to send by, or none."""
        self._sender = sender
        if sender:
            self._there.set()
        else:
            self._there.clear()

    async def send(self, event: Event, *, own: bool = False) -> dict[str, Any]:
        """Settles when the server has stored it, over as many connections as that takes. `own`: of the client's, such as an answer;
        there is always room for these. Raises NerveError."""
        text = write_event(event)
        same = self._entries.get(event["id"])
        if same and same[0] != text:
            raise refuse_by({"code": "id_conflict", "retryable": False, "detail": f"an event with the id {event['id']} and another body waits"})
        if same:
            return await asyncio.shield(same[1])
        size = len(text)
        if not own and (len(self._entries) >= limits.OUTBOX_EVENTS or self._bytes + size > limits.OUTBOX_BYTES):
            raise NerveError("outbox_full", f"{len(self._entries)} events wait to be sent; wait for some of them first")
        task = asyncio.ensure_future(self._carry(event, text))
        self._entries[event["id"]] = (text, task)
        self._bytes += size
        task.add_done_callback(lambda _: self._forget(event["id"], size))
        # Whoever stops waiting does not take the event back: it may have arrived.
        return await asyncio.shield(task)

    async def drained(self) -> None:
        while self._entries:
            await asyncio.wait([task for _, task in self._entries.values()])

    def close(self) -> None:
        for _, task in list(self._entries.values()):
            task.cancel()

    def _forget(self, event_id: str, size: int) -> None:
        _, task = self._entries.pop(event_id)
        self._bytes -= size
        if not task.cancelled():
            task.exception()  # It may be that nobody waits for it.

    async def _carry(self, event: Event, text: str) -> dict[str, Any]:
        attempts = 0
        async with self._window:
            while True:
                await self._there.wait()
                sender = self._sender
                if sender is None:
                    continue
                try:
                    return await sender.send(event, text)
                except NerveError as error:
                    # `output_invalid` is retryable too, but only with another output: that is the handler's to make.
                    if not error.retryable or error.code == "output_invalid":
                        raise
                    if error.code == "network" and self._sender is not sender:
                        continue  # The next connection carries it.
                    attempts += 1
                    wait = compute_backoff(attempts, self._random) if error.retry_after is None else error.retry_after
                await asyncio.sleep(wait)
