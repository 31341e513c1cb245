"""What was given: knows repeats, holds what is being dealt with, acknowledges what is done, lazily and many at once."""
from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable, Optional

from . import limits
from .bounded import BoundedMap

Done = Callable[[], None]


class Mailbox:
    """Receives events at least once, hands each on once. An event is acknowledged when `done` is called: a crash before has it given again."""

    def __init__(self, handle: Callable[[dict[str, Any], Done], None], read_again: Callable[[], None], room: int = limits.IN_HAND) -> None:
        self._handle, self._read_again, self._room = handle, read_again, room
        self._handled: BoundedMap[str, bool] = BoundedMap(limits.SEEN_EVENTS)
        self._in_hand: dict[str, set[int]] = {}
        self._acks: dict[int, None] = {}
        self._send: Optional[Callable[[list[int]], Awaitable[bool]]] = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._flushing: set[asyncio.Task[None]] = set()
        self._overrun = False

    def in_hand(self) -> int:
        return len(self._in_hand)

    def attach(self, send: Optional[Callable[[list[int]], Awaitable[bool]]]) -> None:
        """There is a connection that takes acknowledgements, or none."""
        self._send = send
        if send and self._acks:
            self._flush_soon()

    def receive(self, item: dict[str, Any]) -> None:
        event, seq = item["event"], item["seq"]
        key = f"{event.get('source')}\n{event['id']}"
        if key in self._handled:
            return self._acknowledge(seq)
        if key in self._in_hand:
            self._in_hand[key].add(seq)  # A repeat may have another number.
            return None
        if len(self._in_hand) >= self._room:
            self._overrun = True
            return None
        self._in_hand[key] = {seq}
        return self._handle(event, lambda: self._done(key))

    def _done(self, key: str) -> None:
        numbers = self._in_hand.pop(key, None)
        if numbers is None:
            return
        self._handled.set(key, True)
        for seq in numbers:
            self._acknowledge(seq)
        if self._overrun and len(self._in_hand) <= self._room / 2:
            self._overrun = False
            self._read_again()

    def _acknowledge(self, seq: int) -> None:
        if len(self._acks) >= limits.PENDING_ACKS:
            return
        self._acks[seq] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(limits.ACK, self._flush_soon)

    def _flush_soon(self) -> None:
        task = asyncio.ensure_future(self.flush())
        self._flushing.add(task)
        task.add_done_callback(self._flushing.discard)

    async def flush(self) -> None:
        """Sends all acknowledgements that wait. What does not arrive is kept."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        send = self._send
        while send and self._acks:
            batch = list(self._acks)[: limits.ACK_BATCH]
            for seq in batch:
                del self._acks[seq]
            if not await send(batch):
                self._acks.update(dict.fromkeys(batch))
                return
