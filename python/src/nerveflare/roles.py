"""Offers, claims and held roles: each claim and each role that was claimed takes a slot. Named roles take none."""
from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any, Awaitable, Callable, Mapping, Optional, Union

from . import limits
from .backoff import Heartbeat
from .bounded import BoundedMap
from .errors import NerveError, describe
from .events import Event, make_event

Offer = Mapping[str, Any]
# `claim`, `decline`, `ignore`, {"bid": …} or {"decline": reason}.
Decision = Union[str, Mapping[str, Any]]
Judge = Callable[[Offer], Awaitable[Decision]]


class Claim:
    def __init__(self, offer: Offer, since: float) -> None:
        self.offer, self.since = offer, since
        self.state = "sending"


class Roles:
    def __init__(
        self,
        *,
        slots: int,
        judge: Judge,
        send: Callable[..., Awaitable[dict[str, Any]]],
        read_me: Callable[[], Awaitable[dict[str, Any]]],
        heartbeat: Heartbeat,
        now: Callable[[], float],
        spawn: Callable[[Any], Any],
        note: Callable[..., None],
    ) -> None:
        self._slots, self._judge, self._send, self._read_me = slots, judge, send, read_me
        self._heartbeat, self._now, self._spawn, self._note = heartbeat, now, spawn, note
        self._waiting: OrderedDict[str, Offer] = OrderedDict()
        self._claims: dict[str, Claim] = {}
        self._settled: BoundedMap[str, float] = BoundedMap(limits.SETTLED_OFFERS)
        self._held: dict[tuple[str, str], tuple[str, float]] = {}
        self._named: set[tuple[str, str]] = set()
        self._own: BoundedMap[tuple[str, str], bool] = BoundedMap(limits.SETTLED_OFFERS)
        self._asking = False
        self._resync_wait = limits.RESYNC
        self._stopped = False

    # What the server tells.

    def open(self, offer: Offer, listed: Optional[float] = None) -> None:
        """An offer came; `listed`: it stood in a list that was asked for then."""
        key = offer["offer"]
        settled = self._settled.get(key)
        if self._stopped or key in self._claims or (listed is not None and settled is not None and settled >= listed):
            return
        self._waiting[key] = offer
        if len(self._waiting) > limits.WAITING_OFFERS:
            self._waiting.popitem(last=False)
        self._consider()

    def close(self, offer: str) -> None:
        self._waiting.pop(offer, None)
        self._settle(offer)

    def accept(self, data: Mapping[str, Any]) -> None:
        claim = self._claims.get(data["offer"])
        key = (data["thread"], data["role"])
        self._held[key] = (claim.offer.get("bind", "thread") if claim else "thread", self._now())
        self._own.set(key, True)
        self._heartbeat.ask(data["thread"], data.get("heartbeat") or (claim.offer.get("heartbeat") if claim else None))
        self._note("info", f"claim accepted: {data['role']} of {data['thread']}")
        self.close(data["offer"])

    def reject(self, data: Mapping[str, Any]) -> None:
        self._note("info", f"claim rejected: {data.get('reason', '')}")
        self._settle(data["offer"])

    def assign(self, thread: str, role: str) -> None:
        self._named.add((thread, role))

    def end_role(self, thread: str, role: str) -> None:
        self._named.discard((thread, role))
        self._held.pop((thread, role), None)
        if not any(key[0] == thread for key in [*self._held, *self._named]):
            self._heartbeat.forget(thread)
        self._consider()

    def end_thread(self, thread: str) -> None:
        self._held = {key: value for key, value in self._held.items() if key[0] != thread}
        self._named = {key for key in self._named if key[0] != thread}
        self._heartbeat.forget(thread)
        self._consider()

    def end_turn(self, thread: str, role: str) -> None:
        """A turn was answered or lost: a role that is bound to it ends with it."""
        if self._held.get((thread, role), ("", 0.0))[0] == "turn":
            del self._held[(thread, role)]
            self._consider()

    def resync(self, me: Mapping[str, Any], asked: float) -> None:
        """Takes the server's word, asked for at that time; what came since stands."""
        before = len(self._held) + len(self._claims)
        pending = None if me.get("claims") is None else {claim["offer"] for claim in me["claims"]}
        for key, claim in list(self._claims.items()):
            unknown = pending is None and claim.state == "conflict" or pending is not None and key not in pending
            if claim.state != "sending" and claim.since < asked and unknown:
                self._note("info", f"the server holds no claim of {key} any more")
                self._settled.set(key, self._now())
                del self._claims[key]
        known = {(held["thread"], held["role"]): held for held in me["rolesHeld"]}
        self._named = {role for role, held in known.items() if held.get("type") == "named"} | (self._named & set(known))
        for role in known:
            if role not in self._named and role not in self._held:
                self._held[role] = ("thread", asked)
        self._held = {role: value for role, value in self._held.items() if role in known or value[1] >= asked}
        if len(self._held) + len(self._claims) < before:
            self._resync_wait = limits.RESYNC
        self._consider()

    # What others ask.

    def is_own(self, thread: str, role: str) -> bool:
        """Whether this process claimed the role; another with the same token may hold others."""
        return (thread, role) in self._own

    def has_claims(self) -> bool:
        return bool(self._claims)

    def free(self) -> int:
        return self._slots - len(self._held) - len(self._claims)

    def stop(self) -> None:
        """Claims nothing more."""
        self._stopped = True
        self._waiting.clear()

    # Claiming.

    def _consider(self) -> None:
        while not self._stopped and self._waiting and self.free() > 0:
            key, offer = self._waiting.popitem(last=False)
            self._claims[key] = Claim(offer, self._now())
            self._spawn(self._settle_offer(offer))
        stuck = self._waiting or any(claim.state == "conflict" for claim in self._claims.values())
        if stuck and not self._stopped and not self._asking:
            self._asking = True
            self._spawn(self._ask())

    async def _settle_offer(self, offer: Offer) -> None:
        key = offer["offer"]
        try:
            event = self._write_decision(offer, await self._judge(offer))
            if event is None or event["type"] == "nerve.offer.decline":
                self._claims.pop(key, None)
                self._consider()
            if event is None:
                return
            await self._send(event, own=True)
            if key in self._claims:
                self._claims[key].state, self._claims[key].since = "taken", self._now()
        except NerveError as error:
            # An earlier claim, with another bid, was taken; the verdict on it is still to come.
            if error.code == "id_conflict" and key in self._claims:
                self._claims[key].state = "conflict"
                return self._consider()
            self._note("info" if error.code in ("offer_closed", "closed") else "warning", f"offer lost: {error}")
            self._settle(key)
        except Exception as error:
            self._note("error", f"the judge of offers failed: {describe(error)}")
            self._settle(key)

    def _write_decision(self, offer: Offer, decision: Decision) -> Optional[Event]:
        if decision == "ignore":
            return None
        verb, more = "claim", {}
        if decision == "decline" or (isinstance(decision, Mapping) and "decline" in decision):
            verb, more = "decline", {"reason": decision["decline"] if isinstance(decision, Mapping) else "declined"}
        elif isinstance(decision, Mapping):
            more = dict(decision)
        elif decision != "claim":
            raise TypeError(f"an offer is answered with claim, decline, ignore or a bid, and not {decision!r}")
        # One claim per offer, whoever repeats it: the id follows from the offer.
        data = {"offer": offer["offer"], **more}
        return make_event(f"nerve.offer.{verb}", data, id=f"{verb}:{offer['offer']}", correlationid=offer["thread"])

    def _settle(self, offer: str) -> None:
        self._settled.set(offer, self._now())
        self._claims.pop(offer, None)
        self._consider()

    async def _ask(self) -> None:
        """Offers wait for a slot: what was lost while the word of it got lost too, the server's list tells."""
        await asyncio.sleep(self._resync_wait)
        self._resync_wait = min(limits.RESYNC_MAX, self._resync_wait * 2)
        self._asking = False
        asked = self._now()
        try:
            me = await self._read_me()
        except NerveError:
            return self._consider()
        self.resync(me, asked)
