"""An agent: puts connection, mailbox, outbox, roles and turns together, and hands each event to whose it is."""
from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import random
import signal
import uuid
from typing import Any, Callable, Mapping, Optional, Sequence, TypeVar, Union

from . import limits
from .answers import Answers
from .artifacts import Artifacts
from .backoff import Heartbeat
from .connection import Connection
from .errors import NerveError, describe
from .events import Event, make_event
from .handlers import call_handler
from .http import Http
from .links import Link, has_sockets
from .mailbox import Done, Mailbox
from .outbox import Outbox
from .roles import Decision, Offer, Roles
from .turns import Handler, Turns

log = logging.getLogger("nerveflare")
H = TypeVar("H", bound=Callable[..., Any])
_ENDED = ("nerve.thread.completed", "nerve.thread.failed", "nerve.thread.cancelled", "nerve.thread.dropped")


class Agent:
    """An agent of a nerveflare server.

    ```python
    agent = Agent("http://127.0.0.1:8787", token=os.environ["NERVEFLARE_TOKEN"])

    @agent.turn("code-review/reviewer")
    async def review(turn):
        return {"$status": "approved", "summary": f"read {turn.prompt}"}

    agent.run()
    ```

    `slots`: how many roles to hold, and how many turns to perform, at a time. `state`: a file that keeps answers beyond this process.
    `ways`: the ways to the server that it may take, the best first. `report`: what the agent says of itself (`capabilities`, `labels`,
    `load`, `accepts`); it can only narrow what the registry says.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str,
        slots: int = 1,
        state: Optional[Union[str, "os.PathLike[str]"]] = None,
        ways: Sequence[str] = ("socket", "poll"),
        report: Optional[Mapping[str, Any]] = None,
        random: Callable[[], float] = random.random,
    ) -> None:
        if not token:
            raise ValueError("the agent needs a token: `nerveflare agents add <id>` shows it once")
        if slots < 1:
            raise ValueError(f"slots must be at least 1, and not {slots}")
        if not ways or set(ways) - {"socket", "poll"}:
            raise ValueError(f"ways must be of socket and poll, and not {ways!r}")
        self._http, self._slots, self._report, self._random = Http(url, token), slots, dict(report or {}), random
        self.artifacts = Artifacts(self._http, random)
        self._ways = list(ways)
        if "socket" in ways and not has_sockets():
            self._ways.remove("socket")
            if not self._ways:
                raise ValueError("sockets need the package websockets: pip install websockets, or let the agent poll")
            log.warning("the package websockets is not installed: the agent polls; pip install websockets makes it faster")
        self._answers = Answers(state)
        self._turn_handlers: dict[str, Handler] = {}
        self._event_handlers: dict[str, Callable[[Event], Any]] = {}
        self._judge_offer: Optional[Callable[[Offer], Any]] = None
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: Optional[asyncio.Task[None]] = None

    # What the author of an agent writes.

    def turn(self, role: str = "*") -> Callable[[H], H]:
        """Performs the turns of a role: `workflow/role`, `workflow/*`, `*/role` or `*`; the most particular is taken. The handler takes a
        Turn and returns its output, a dict (or WithBody). An `async` one shares the event loop; any other runs in a thread of its own."""

        def register(handler: H) -> H:
            self._turn_handlers[role] = handler
            return handler

        return register

    def event(self, kind: str = "*") -> Callable[[H], H]:
        """Takes events of a kind (`*`: all others) that are neither offers nor turns: one at a time, in order. What it raises is logged."""

        def register(handler: H) -> H:
            self._event_handlers[kind] = handler
            return handler

        return register

    def offer(self, judge: H) -> H:
        """Judges offers, while a slot is free: `"claim"`, `"decline"`, `"ignore"`, `{"bid": …}` or `{"decline": reason}`. Without it every
        offer of a role that has a handler is claimed."""
        self._judge_offer = judge
        return judge

    def run(self, *, finish: float = 30.0) -> None:
        """Runs until SIGTERM or SIGINT: then it claims nothing more, lets running turns finish for so many seconds, and gives its roles
        back. A second signal ends it at once. Raises NerveError when the token is not valid."""
        asyncio.run(self._run(finish))

    async def serve(self) -> None:
        """The same in an event loop of yours, until `close()`."""
        if self._loop:
            raise RuntimeError("an agent runs once: make another")
        self._loop = loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._outbox = Outbox(self._random)
        self._mailbox = Mailbox(self._handle, lambda: self._connection.restart(), limits.IN_HAND + 2 * self._slots)
        client = uuid.uuid4().hex[:12]
        self._me_path = f"v1/me?client={client}"
        self._connection = Connection(self._http, self, self._ways, client, self._random, self._note)
        self._heartbeat = Heartbeat(self._connection.beat, loop.time)
        shared: dict[str, Any] = dict(send=self._outbox.send, read_me=self._read_me, note=self._note)
        self._roles = Roles(
            slots=self._slots, judge=self._judge, heartbeat=self._heartbeat, now=loop.time, spawn=self._spawn, **shared
        )
        self._turns = Turns(find=self._find, slots=self._slots, answers=self._answers, ended=self._end_turn, artifacts=self.artifacts, **shared)
        self._events: asyncio.Queue[tuple[Event, Done]] = asyncio.Queue()
        self._latest_greeting = 0
        self._spawn(self._outbox.send(make_event("nerve.agent.report", {"slots": self._slots, **self._report}), own=True))
        self._spawn(self._hand_on())
        connection = asyncio.ensure_future(self._connection.keep())
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait([connection, over], return_when=asyncio.FIRST_COMPLETED)
            if connection.done():
                connection.result()
        finally:
            self._turns.stop()
            tasks = [*self._tasks, connection, over]
            for task in tasks:
                task.cancel()
            self._outbox.close()
            await asyncio.wait(tasks)

    async def send(self, type: str, data: Any = None, *, id: Optional[str] = None, **attributes: Any) -> dict[str, Any]:
        """Sends an event and waits until it is stored, over as many connections as that takes. Give an `id` to make it repeatable.
        `to`: a comma-separated list of `agents/x`, `cap:x`, `role:x`, or `*`. Raises NerveError."""
        self._check_running()
        return await self._outbox.send(make_event(type, data, id=id, **attributes))

    def post(self, type: str, data: Any = None, **attributes: Any) -> "concurrent.futures.Future[dict[str, Any]]":
        """The same from another thread, such as that of a handler: wait with `.result()`."""
        loop = self._check_running()
        return asyncio.run_coroutine_threadsafe(self.send(type, data, **attributes), loop)

    async def me(self) -> dict[str, Any]:
        """What the server says of this agent."""
        self._check_running()
        return await self._read_me()

    @property
    def way(self) -> Optional[str]:
        """`socket` or `poll`: what carries now, if anything."""
        return self._connection.way if self._loop else None

    async def close(self, *, finish: float = 0.0, release: bool = True) -> None:
        """Claims nothing more, gives back the roles of which no turn is performed, lets running turns finish for so many seconds, ends
        the others and gives their roles back too. Roles by name stay the agent's. With `release=False`, as before a restart, nothing is
        given back: what was not answered is given again to whoever connects next."""
        self._check_running()
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._end(finish, release))
        await asyncio.shield(self._closing)

    # How it works.

    def _check_running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise NerveError("closed", "the agent does not run yet: call run() or serve() first")
        return self._loop

    async def _run(self, finish: float) -> None:
        loop = asyncio.get_running_loop()

        def end() -> None:
            if self._closing:
                os._exit(130)
            self._closing = asyncio.ensure_future(self._end(finish, True))

        for each in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(each, end)
            except (NotImplementedError, RuntimeError, ValueError):
                pass  # Windows, or not the main thread: then Ctrl-C ends it at once.
        await self.serve()

    async def _end(self, finish: float, release: bool) -> None:
        try:
            await self._wind_down(finish, release)
        finally:
            self._over.set()

    async def _wind_down(self, finish: float, release: bool) -> None:
        running = self._turns.running()
        self._note("info", f"closing; {len(running)} turns are open")
        self._roles.stop()
        self._turns.drain()
        if release:
            await self._within(limits.VERDICT, self._wait_for_verdicts())
            await self._within(limits.CLOSE, self._give_back("the agent ends"))
        if running and finish > 0:
            await self._within(finish, self._turns.idle())
        late = bool(self._turns.running())
        self._turns.stop()
        # Also with none that is late: the roles whose turns ended meanwhile.
        if release and running:
            reason = "the agent ends, and the turn took too long" if late else "the agent ends"
            await self._within(limits.CLOSE, self._give_back(reason, ended=True))
        await self._within(limits.CLOSE, self._outbox.drained())
        await self._within(limits.CLOSE, self._mailbox.flush())

    async def _within(self, seconds: float, work: Any) -> None:
        try:
            await asyncio.wait_for(work, seconds)
        except asyncio.TimeoutError:
            pass
        except NerveError as error:
            self._note("warning", str(error))

    async def _wait_for_verdicts(self) -> None:
        while self._roles.has_claims():
            await asyncio.sleep(0.02)

    async def _give_back(self, reason: str, ended: bool = False) -> None:
        """All that is held, but for roles of which a turn is performed, those given by name, and those of another process."""
        me = await self._read_me()
        busy = set() if ended else {(turn["thread"], turn["role"]["name"]) for turn in self._turns.running()}
        releases = []
        for held in me["rolesHeld"]:
            thread, role, lease = held["thread"], held["role"], held["lease"]["generation"]
            mine = not me.get("others") or self._roles.is_own(thread, role)
            if held.get("type") != "named" and mine and (thread, role) not in busy:
                data = {"thread": thread, "role": role, "lease": lease, "reason": reason}
                event = make_event("nerve.role.release", data, id=f"release:{thread}:{role}:{lease}", correlationid=thread)
                releases.append(self._outbox.send(event, own=True))
        for outcome in await asyncio.gather(*releases, return_exceptions=True):
            if isinstance(outcome, BaseException):
                self._note("info", f"a role is not given back: {outcome}")  # Such as that it had ended.

    async def _read_me(self) -> dict[str, Any]:
        me = await self._http.call("GET", self._me_path)
        if not isinstance(me, dict):
            raise NerveError("network", "v1/me was answered with something else; is this a nerveflare server?")
        return {"rolesHeld": [], "turns": [], "offers": [], **me}

    def _spawn(self, work: Any) -> None:
        async def guard() -> None:
            try:
                await work
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._note("warning", describe(error))

        task = asyncio.ensure_future(guard())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _note(self, level: str, message: str, error: Optional[BaseException] = None) -> None:
        with_trace = error if error is not None and log.isEnabledFor(logging.DEBUG) else None
        log.log(logging.getLevelName(level.upper()), message, exc_info=with_trace)

    def _find(self, workflow: str, role: str) -> Optional[Handler]:
        for key in (f"{workflow}/{role}", f"{workflow}/*", f"*/{role}", "*"):
            if key in self._turn_handlers:
                return self._turn_handlers[key]
        return None

    async def _judge(self, offer: Offer) -> Decision:
        if self._judge_offer is None:
            return "claim" if self._find(offer["workflow"], offer["role"]) else "ignore"
        decision: Decision = await call_handler(self._judge_offer, offer)
        return decision

    def _end_turn(self, thread: str, role: str) -> None:
        self._roles.end_turn(thread, role)

    # What the connection says.

    def opened(self, link: Link) -> None:
        self._outbox.attach(link)
        self._mailbox.attach(link.ack)
        self._latest_greeting += 1
        self._spawn(self._greet(self._latest_greeting))

    def lost(self) -> None:
        self._outbox.attach(None)
        self._mailbox.attach(None)

    def delivered(self, item: dict[str, Any]) -> None:
        self._mailbox.receive(item)

    def noted(self, note: dict[str, Any]) -> None:
        self._note("warning", f"{note.get('code')}: {note.get('detail')}")

    def in_hand(self) -> int:
        return self._mailbox.in_hand()

    async def flush(self) -> None:
        await self._mailbox.flush()

    async def _greet(self, mine: int) -> None:
        """With each connection: takes the server's word on roles, claims, offers and open turns."""
        while mine == self._latest_greeting:
            asked = asyncio.get_running_loop().time()
            try:
                me = await self._read_me()
                break
            except NerveError as error:
                self._note("warning", str(error))
                await asyncio.sleep(limits.RESYNC)
        else:
            return
        self._roles.resync(me, asked)
        held = [*me["rolesHeld"], *me["turns"]]
        self._heartbeat.keep({each["thread"] for each in held}, asked)
        for each in held:
            self._heartbeat.ask(each["thread"], each.get("heartbeat"))
        for offer in me["offers"]:
            self._roles.open(offer, asked)
        # The connection gives open turns itself, in order, if nothing holds them up.
        await asyncio.sleep(limits.STRANDED)
        for turn in me["turns"]:
            assignment = turn.pop("assignment", None)
            if assignment and turn["turn"] not in (me.get("elsewhere") or []):
                seq = assignment.pop("seq")
                event = {"specversion": "1.0", "type": "nerve.turn.assigned", **assignment, "data": turn}
                self._mailbox.receive({"seq": seq, "channel": "my", "event": event})

    def _handle(self, event: Event, done: Done) -> None:
        try:
            if self._take(event, done):
                self._events.put_nowait((event, done))
        except (KeyError, TypeError, AttributeError) as error:
            self._note("warning", f"{event['type']} makes no sense here: {describe(error)}")
            done()

    def _take(self, event: Event, done: Done) -> bool:
        """Does what the client itself does about an event. Gives whether the author's handler hears of it too."""
        kind: str = event["type"]
        data: Any = event.get("data")
        if kind == "nerve.turn.assigned":
            self._heartbeat.ask(data["thread"], data.get("heartbeat"))
            self._turns.assign(event, done)
            return False
        if kind == "nerve.turn.revoked":
            self._turns.revoke(data["turn"], data.get("reason", ""))
        elif kind == "nerve.offer.opened":
            self._roles.open(data)
        elif kind == "nerve.offer.closed":
            self._roles.close(data["offer"])
        elif kind == "nerve.claim.accepted":
            self._roles.accept(data)
        elif kind == "nerve.claim.rejected":
            self._roles.reject(data)
        else:
            if kind == "nerve.role.assigned":
                self._roles.assign(data["thread"], data["role"])
                self._heartbeat.ask(data["thread"], data.get("heartbeat"))
            elif kind == "nerve.role.ended":
                self._roles.end_role(data["thread"], data["role"])
            elif kind in _ENDED:
                self._roles.end_thread(data["thread"])
            return True
        done()
        return False

    async def _hand_on(self) -> None:
        while True:
            event, done = await self._events.get()
            handler = self._event_handlers.get(event["type"]) or self._event_handlers.get("*")
            try:
                if handler:
                    await call_handler(handler, event)
            except Exception as error:
                self._note("error", f"the handler of {event['type']} failed: {describe(error)}", error)
            done()
