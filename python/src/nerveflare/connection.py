"""Keeps an agent connected: the best way that works, the next at once where one does not, and the better one again later."""
from __future__ import annotations

import asyncio
from typing import Any, Callable, Sequence

from . import limits
from .backoff import compute_backoff
from .errors import NerveError
from .http import Http
from .links import Link, LinkEnd, Owner, PollLink, SocketLink, write_query


class LinkPolicy:
    """What to do after a connection has ended: take another way at once (`rank`), or wait and begin with the best."""

    def __init__(self, ways: Sequence[str], random: Callable[[], float]) -> None:
        self._ways, self._random = ways, random
        self._attempts = 0
        self._short_lives = [0 for _ in ways]

    def decide(self, rank: int, lived: float, carried: bool, end: LinkEnd) -> tuple[int, float]:
        """The rank of the way to take, and the seconds before. `lived`: since it opened, 0 if it never did; `carried`: it gave an event."""
        if lived >= limits.STABLE:
            self._attempts = 0
        elif carried:
            self._attempts = min(self._attempts, limits.CARRIED_ATTEMPTS)
        if lived > 0:
            self._short_lives[rank] = 0 if lived >= limits.STABLE else self._short_lives[rank] + 1
        if end.why == "restart":
            return rank if lived > 0 else 0, 0.0
        at_fault = end.why in ("unsupported", "slow") or self._short_lives[rank] >= limits.SHORT_LIVES
        if at_fault and rank + 1 < len(self._ways):
            self._short_lives[rank] = 0
            return rank + 1, 0.0
        wait = compute_backoff(self._attempts, self._random) if end.retry_after is None else end.retry_after
        self._attempts += end.retry_after is None
        if end.why == "replaced":
            wait = max(wait, limits.REPLACED)
        if end.why == "rate" and end.retry_after is None:
            wait = max(wait, limits.RATE)
        return 0, wait


class Connection:
    def __init__(
        self, http: Http, listener: Owner, ways: Sequence[str], client: str, random: Callable[[], float], note: Callable[..., None]
    ) -> None:
        self._http, self._listener, self._ways, self._client, self._note = http, listener, ways, client, note
        self._policy = LinkPolicy(ways, random)
        self._every = limits.BEAT
        self._link: Link | None = None
        self._again = asyncio.Event()
        self._count = 0
        self._left: list[str] = []
        self._opened_at = 0.0
        self._carried = False

    @property
    def way(self) -> str | None:
        return self._link.way if self._link and self._opened_at else None

    def beat(self, every: float) -> None:
        self._every = every
        if self._link:
            self._link.beat(every)

    def restart(self) -> None:
        """Everything that is not acknowledged is to be given again."""
        self._again.set()

    async def keep(self) -> None:
        """Stays connected until it is cancelled. Raises NerveError when the token is not valid (any more)."""
        rank, tried = 0, 0
        loop = asyncio.get_running_loop()
        while True:
            # While on a lesser way, the best is tried again now and then.
            upgrade = min(limits.UPGRADE_MAX, limits.UPGRADE * float(2 ** min(tried, 10))) if rank > 0 else None
            end = await self._live(rank, upgrade)
            lived = loop.time() - self._opened_at if self._opened_at else 0.0
            self._opened_at = 0.0
            if end.why == "token":
                hint = "" if "operator" in end.detail else "; ask the operator for a token (`nerveflare agents add`)"
                raise NerveError("unauthenticated", end.detail + hint)
            if end.why == "restart" and end.detail == "upgrade":
                rank, tried = 0, tried + 1
                continue
            tried = 0 if rank == 0 and lived >= limits.STABLE else tried
            before = self._ways[rank]
            rank, wait = self._policy.decide(rank, lived, self._carried, end)
            said = f"in {wait:.1f} s again" if wait else f"now by {self._ways[rank]}"
            self._note("info" if end.why == "restart" else "warning", f"{before}: {end.detail}; {said}")
            await asyncio.sleep(wait)

    async def _live(self, rank: int, upgrade: float | None) -> LinkEnd:
        self._again.clear()
        self._opened_at, self._carried = 0.0, False
        name = f"{self._client}.{self._count}"
        self._count += 1
        query, later = (write_query(name, self._client, replaces) for replaces in (self._left, []))
        if self._ways[rank] == "socket":
            link: Link = SocketLink(self._http, self, query, self._every)
        else:
            link = PollLink(self._http, self, query, later, self._every, name)
        self._link = link
        life, again = asyncio.ensure_future(link.run()), asyncio.ensure_future(self._again.wait())
        try:
            await asyncio.wait([life, again], timeout=upgrade, return_when=asyncio.FIRST_COMPLETED)
            if not life.done():
                return LinkEnd("restart", "all is to be given again" if again.done() else "upgrade")
            error = life.exception()
            if isinstance(error, LinkEnd):
                return error
            return LinkEnd("lost", str(error) or type(error).__name__)
        finally:
            again.cancel()
            life.cancel()
            self._listener.lost()
            self._left = [*self._left, name][-limits.REPLACES :]
            await asyncio.wait([life])

    def opened(self, link: Link) -> None:
        self._left = []
        self._opened_at = asyncio.get_running_loop().time()
        link.beat(self._every)
        self._note("info", f"connected by {link.way}")
        self._listener.opened(link)

    def delivered(self, item: dict[str, Any]) -> None:
        self._carried = True
        self._listener.delivered(item)

    def noted(self, note: dict[str, Any]) -> None:
        self._listener.noted(note)

    def in_hand(self) -> int:
        return self._listener.in_hand()

    async def flush(self) -> None:
        await self._listener.flush()
