"""Two ways to the server: a WebSocket by the package `websockets`, and polling by the standard library."""
from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import urllib.parse
from typing import Any, Awaitable, Callable, Literal, Optional, Protocol

from . import limits
from .errors import NerveError, read_problem, refuse_by
from .events import Event
from .http import Http

Why = Literal["lost", "unsupported", "token", "replaced", "slow", "rate", "restart"]
CLOSE_CODES: dict[int, Why] = {4401: "token", 4409: "replaced", 4413: "slow", 4429: "rate"}


class LinkEnd(Exception):
    """A connection is over, and why."""

    def __init__(self, why: Why, detail: str, retry_after: Optional[float] = None) -> None:
        super().__init__(detail)
        self.why, self.detail, self.retry_after = why, detail, retry_after


class Listener(Protocol):
    """Who hears what a connection says."""

    def opened(self, link: "Link") -> None: ...

    def delivered(self, item: dict[str, Any]) -> None: ...

    def noted(self, note: dict[str, Any]) -> None: ...

    def in_hand(self) -> int: ...

    async def flush(self) -> None: ...


class Owner(Listener, Protocol):
    """Who hears of all connections: also that there is none."""

    def lost(self) -> None: ...


class Link(Protocol):
    """A connection."""

    way: str

    async def run(self) -> None:
        """Lives until it ends. Raises LinkEnd."""

    async def send(self, event: Event, text: str) -> dict[str, Any]: ...

    async def ack(self, seqs: list[int]) -> bool: ...

    def beat(self, every: float) -> None: ...


def has_sockets() -> bool:
    """Whether the package `websockets` is installed."""
    try:
        importlib.import_module("websockets")
    except ImportError:
        return False
    return True


def _find_connect() -> tuple[Callable[..., Awaitable[Any]], str]:
    """What opens a socket, and what it calls headers: the package renamed both."""
    try:
        return importlib.import_module("websockets.asyncio.client").connect, "additional_headers"
    except ImportError:
        return importlib.import_module("websockets.client").connect, "extra_headers"


def write_query(name: str, client: str, replaces: list[str]) -> str:
    query = {"channel": "my,open", "connection": name, "client": client}
    if replaces:
        query["replaces"] = ",".join(replaces[-limits.REPLACES :])
    return urllib.parse.urlencode(query, safe=",")


def read_frame(text: Any) -> Optional[dict[str, Any]]:
    """A frame of the server's. None for what this version does not know: newer servers may say more."""
    try:
        frame = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) and isinstance(frame.get("type"), str) else None


def is_item(item: Any) -> bool:
    """What has no identity can neither be handed on once nor be told apart."""
    event = item.get("event") if isinstance(item, dict) else None
    return isinstance(event, dict) and isinstance(event.get("id"), str) and isinstance(event.get("type"), str) and "seq" in item


class SocketLink:
    way = "socket"

    def __init__(self, http: Http, listener: Listener, query: str, beat: float) -> None:
        self._http, self._listener, self._query, self._every = http, listener, query, beat
        self._socket: Any = None
        self._pending: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._answered = asyncio.Event()
        self._beats = asyncio.Event()

    async def run(self) -> None:
        address = "ws" + self._http.base[len("http") :] + "v1/connect?" + self._query
        connect, headers = _find_connect()
        options: dict[str, Any] = {headers: {"Authorization": f"Bearer {self._http.token}"}}
        # The server answers the bare word `ping`, and wakes nobody for it: pings of the protocol are not needed.
        if self._http.here and "proxy" in inspect.signature(getattr(connect, "__init__", connect)).parameters:
            options["proxy"] = None
        options.update(subprotocols=["nerveflare.v1"], ping_interval=None, max_size=limits.FRAME_BYTES)
        try:
            self._socket = await connect(address, open_timeout=limits.OPEN, close_timeout=limits.CLOSE_SOCKET, **options)
        except Exception as error:  # The package has many; polling will find out what is wrong.
            raise LinkEnd("unsupported", f"the socket could not be opened: {type(error).__name__}: {error}") from error
        tasks = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._ping())]
        try:
            self._listener.opened(self)
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(NerveError("network", "the connection ended before the answer came"))
                    future.exception()
            closing = asyncio.ensure_future(self._close())
            await asyncio.shield(closing)

    async def _close(self) -> None:
        try:
            await asyncio.wait_for(self._socket.close(), 2 * limits.CLOSE_SOCKET)
        except Exception:
            pass  # It is given up either way.

    async def _read(self) -> None:
        while True:
            try:
                text = await self._socket.recv()
            except Exception as error:
                close = getattr(error, "rcvd", None)
                code, reason = (close.code, close.reason) if close else (1006, "")
                raise LinkEnd(CLOSE_CODES.get(code, "lost"), f"the socket was closed: {code} {reason}".rstrip()) from error
            self._hear(text)

    def _hear(self, text: Any) -> None:
        if text == "pong":
            return self._answered.set()
        frame = read_frame(text) or {}
        kind = frame.get("type")
        if kind == "event" and is_item(frame):
            self._listener.delivered(frame)
        elif kind == "note" and isinstance(frame.get("detail"), str):
            self._listener.noted(frame)
        elif kind in ("accepted", "rejected"):
            self._answered.set()
            future = self._pending.get(str(frame.get("id")))
            if future and not future.done():
                if kind == "accepted":
                    future.set_result(frame)
                else:
                    problem = read_problem(frame.get("error"))
                    future.set_exception(refuse_by(problem or {"code": "bug", "detail": "refused without a reason", "retryable": False}))
        return None

    async def _ping(self) -> None:
        """Pings by a clock of its own: to the server only what we send is a sign of life."""
        while True:
            self._beats.clear()
            try:
                await asyncio.wait_for(self._beats.wait(), self._every)
                continue  # The beat has changed: it counts from now.
            except asyncio.TimeoutError:
                pass
            self._answered.clear()
            await self._write("ping")
            for _ in range(max(1, round(limits.PONG / self._every))):
                try:
                    await asyncio.wait_for(self._answered.wait(), min(self._every, limits.PONG))
                    break
                except asyncio.TimeoutError:
                    await self._write("ping")
            else:
                raise LinkEnd("lost", "the server fell silent: pings were not answered")

    async def _write(self, text: str) -> None:
        try:
            await asyncio.wait_for(self._socket.send(text), limits.PONG)
        except Exception as error:
            raise NerveError("network", f"the socket cannot be written to: {type(error).__name__}: {error}") from error

    async def send(self, event: Event, text: str) -> dict[str, Any]:
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[event["id"]] = future
        try:
            await self._write(f'{{"type":"event","event":{text}}}')
            return await asyncio.wait_for(future, limits.ANSWER)
        except asyncio.TimeoutError as error:
            raise NerveError("network", f"no answer within {limits.ANSWER:.0f} s") from error
        finally:
            self._pending.pop(event["id"], None)

    async def ack(self, seqs: list[int]) -> bool:
        try:
            await self._write(json.dumps({"type": "ack", "seqs": seqs}))
        except NerveError:
            return False
        return True

    def beat(self, every: float) -> None:
        self._every = every
        self._beats.set()


class PollLink:
    way = "poll"

    def __init__(self, http: Http, listener: Listener, query: str, again: str, beat: float, name: str) -> None:
        """`query` of the first reading, and `again` of all others: what was replaced is, once the first is answered."""
        self._http, self._listener, self._query, self._again, self._name = http, listener, query, again, name
        self._posting = asyncio.Lock()
        self._wait = 0
        self.beat(beat)

    async def run(self) -> None:
        try:
            await self._read()
        except NerveError as error:
            why: Why = "token" if error.code in ("unauthenticated", "forbidden") else "rate" if error.code == "rate_limited" else "lost"
            raise LinkEnd(why, error.detail, error.retry_after) from error

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        opened, after = False, None
        while True:
            # What is not acknowledged comes back at once with the next reading, so acknowledgements go before it.
            await self._listener.flush()
            # What is in hand would come back as well; what another connection let go of comes only without `after`.
            since = f"&after={after}" if after is not None and self._listener.in_hand() > 0 else ""
            # The first reading does not wait: it tells whether polling works at all.
            wait, started = self._wait if opened else 0, loop.time()
            path = f"v1/inbox?{self._again if opened else self._query}&wait={wait}{since}"
            page = await self._http.call("GET", path, timeout=wait + limits.PONG)
            if not isinstance(page, dict) or not isinstance(page.get("events"), list):
                raise NerveError("network", "the inbox was answered with something else; is this a nerveflare server?")
            if not opened:
                self._listener.opened(self)
            for note in page.get("notes") or []:
                self._listener.noted(note)
            for item in filter(is_item, page["events"]):
                self._listener.delivered(item)
            after = page.get("next", after)
            if opened and not page["events"] and loop.time() - started < limits.EMPTY_POLL:
                await asyncio.sleep(limits.EMPTY_POLL)
            opened = True

    async def send(self, event: Event, text: str) -> dict[str, Any]:
        # One at a time, so that they stay in order.
        async with self._posting:
            accepted = await self._http.call("POST", "v1/events", text, kind="application/cloudevents+json")
        if not isinstance(accepted, dict):
            raise NerveError("network", "an event was answered with something else; is this a nerveflare server?")
        return accepted

    async def ack(self, seqs: list[int]) -> bool:
        try:
            await self._http.call("POST", "v1/inbox/ack", json.dumps({"seqs": seqs, "connection": self._name}))
        except NerveError:
            return False
        return True

    def beat(self, every: float) -> None:
        # A poll is a sign of life when it is made. The beat is half of the heartbeat, so one and a half of it is soon enough.
        self._wait = int(max(1, min(limits.POLL, every * 1.5)))
