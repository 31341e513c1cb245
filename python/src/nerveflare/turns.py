"""Performs turns: each once, however often it is given, at most so many at a time; answers until the answer counts or is refused for good."""
from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from typing import Any, Awaitable, Callable, Mapping, Optional

from . import limits
from .answers import Answers
from .artifacts import Artifacts
from .errors import NerveError, TurnFailure, describe
from .events import Event, cut, make_answer, make_event, under_lease, write_event
from .handlers import call_handler
from .turn import Answer, Invalid, Turn, TurnPorts, WithBody
from .usage import Tokens, Usage

Handler = Callable[[Turn], Any]
Data = Mapping[str, Any]


class Run:
    """A turn that is being performed."""

    def __init__(self, data: Data, event: Event, done: Callable[[], None]) -> None:
        self.data, self.event, self.dones = data, event, [done]
        self.task: Optional[asyncio.Task[None]] = None
        self.work: Optional[asyncio.Future[Answer]] = None
        self.turn: Optional[Turn] = None
        # Whether its handler runs, or its answer is on its way.
        self.begun = False
        self.usage = Usage()
        self.revoked = False
        self.again = False


class Turns:
    def __init__(
        self,
        *,
        find: Callable[[str, str], Optional[Handler]],
        slots: int,
        answers: Answers,
        send: Callable[..., Awaitable[dict[str, Any]]],
        read_me: Callable[[], Awaitable[dict[str, Any]]],
        ended: Callable[[str, str], None],
        note: Callable[..., None],
        artifacts: Artifacts,
    ) -> None:
        self._artifacts = artifacts
        self._find, self._answers, self._send, self._read_me = find, answers, send, read_me
        self._ended, self._note = ended, note
        self._places = asyncio.Semaphore(slots)
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reporting: dict[str, tuple[str, Any]] = {}
        self._draining = False

    def assign(self, event: Event, done: Callable[[], None]) -> None:
        """A turn was given; `done` is called when it is answered or over: before that it is not acknowledged."""
        if self._draining:
            return
        data = event["data"]
        run = self._runs.get(data["turn"])
        if run is None:
            self._runs[data["turn"]] = run = Run(data, event, done)
            run.task = asyncio.ensure_future(self._carry_out(run))
            self._tasks.add(run.task)
            run.task.add_done_callback(self._tasks.discard)
            return
        # Given again, perhaps under a newer lease: the work that is under way answers for that one.
        run.dones.append(done)
        if data["lease"]["generation"] < run.data["lease"]["generation"]:
            return
        fresh = event["id"] != run.event["id"]
        run.data, run.event = data, event
        # What a person added must be known to the answer.
        if fresh and run.work and (data.get("resumed") or {}).get("supplement") is not None:
            run.again = True
            self._stop_work(run)

    def revoke(self, turn: str, reason: str) -> None:
        """Nobody waits for the answer any more. The same turn, given anew under another lease, is another run."""
        run = self._runs.pop(turn, None)
        if run:
            self._note("warning", f"turn {turn} was revoked: {reason}")
            run.revoked = True
            self._stop_work(run)

    def running(self) -> list[Data]:
        return [run.data for run in self._runs.values() if run.begun]

    def drain(self) -> None:
        """Starts no more: what waits for a place, and what is given from now on, is left as it is."""
        self._draining = True
        for run in self._runs.values():
            if not run.begun and run.task:
                run.task.cancel()

    async def idle(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    def stop(self) -> None:
        """Ends all handlers; what is unanswered stays unacknowledged."""
        self._draining = True
        for run in list(self._runs.values()):
            if run.turn:
                run.turn.revoked.set()
            if run.task:
                run.task.cancel()

    def _stop_work(self, run: Run) -> None:
        if run.turn:
            run.turn.revoked.set()
        if run.work:
            run.work.cancel()

    async def _carry_out(self, run: Run) -> None:
        over = False
        try:
            await self._settle(run)
            over = True
        except asyncio.CancelledError:
            pass
        except Exception as error:  # Nothing is known of the answer, such as where the file for answers cannot be written.
            self._note("error", f"turn {run.data['turn']} stays open: {describe(error)}", error)
        finally:
            if self._runs.get(run.data["turn"]) is run:
                del self._runs[run.data["turn"]]
            if over:
                self._ended(run.data["thread"], run.data["role"]["name"])
                for done in run.dones:
                    done()

    async def _settle(self, run: Run) -> None:
        kept, invalid = self._answers.find(run.data), None
        if kept:
            self._note("info", f"turn {run.data['turn']} is seen again: sending the answer that was made")
            run.begun = True
            invalid = await self._hand_in(run, under_lease(kept, run.data["lease"]["generation"]))
            if not invalid:
                return None
        elif await self._is_over(run):
            return self._note("info", f"turn {run.data['turn']} was over before it was given")
        async with self._places:
            if run.revoked:
                return None
            run.begun = True
            left = invalid.left if invalid else 1_000
            attempt = 0
            while left > 0:
                attempt += 1
                answer = await self._perform(run, invalid)
                if run.revoked:
                    return None
                answer = {**answer, **run.usage.take()}
                invalid = await self._hand_in(run, make_answer(run.data, run.event["id"], answer, attempt))
                # The server counts; that its count falls is what ends this loop.
                left = min(left - 1, invalid.left if invalid else 0)
        return None

    async def _is_over(self, run: Run) -> bool:
        """A turn from before this connection may have been answered, or lost, while the acknowledgement was: the server knows."""
        given = _read_time(run.event.get("time"))
        if given is None or datetime.now(timezone.utc).timestamp() - given <= limits.STALE:
            return False
        try:
            me = await self._read_me()
        except NerveError:
            return False
        now = _read_time(me.get("now"))
        if now is None or now - given <= limits.STALE:
            return False
        return all(turn["turn"] != run.data["turn"] for turn in me["turns"])

    async def _perform(self, run: Run, invalid: Optional[Invalid]) -> dict[str, Any]:
        """The data of `nerve.turn.respond`, or of `nerve.turn.fail` where the handler raised."""
        while True:
            data, run.again = run.data, False
            handler = self._find(data["workflow"], data["role"]["name"])
            turn = run.turn = Turn(data, invalid, self._make_ports(run))
            try:
                if handler is None:
                    raise TurnFailure(f"this agent has no handler for {turn.workflow}/{turn.role}")
                run.work = asyncio.ensure_future(call_handler(handler, turn))
                return read_answer(await self._wait_for_work(run, run.work))
            except asyncio.CancelledError:
                if run.revoked:
                    return {}
                if self._draining:
                    raise
                if not run.again:
                    return {"error": "the handler was cancelled from within", "retryable": False}
                self._note("info", f"turn {turn.id}: its thread was resumed, the handler is run again")
            except Exception as error:
                if not run.revoked:
                    self._note("warning", f"turn {turn.id} failed: {describe(error)}", error)
                said = str(error) if isinstance(error, TurnFailure) else describe(error)
                return {"error": cut(said) or "failed", "retryable": getattr(error, "retryable", False) is True}
            finally:
                run.work = None

    async def _wait_for_work(self, run: Run, work: "asyncio.Future[Answer]") -> Answer:
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            # A handler may clean up, but not keep its place for ever. One that is to be run again must not run twice at a time.
            work.cancel()
            if not work.done():
                await asyncio.wait([work], timeout=None if run.again else limits.REVOKE_GRACE)
            raise

    async def _hand_in(self, run: Run, event: Event) -> Optional[Invalid]:
        """Keeps an answer, and sends it until it counts or is refused for good. Gives why another is wanted, if one is."""
        turn, generation = run.data["turn"], event["data"]["lease"]
        try:
            write_event(event)
        except NerveError as error:
            return await self._hand_in_failure(run, error)
        self._answers.keep(run.data, event)
        try:
            accepted = await self._send(event, own=True)
            self._answers.forget(turn)
            self._note("info", "; ".join([f"turn {turn} is answered: {event['type']}", *accepted.get("notes", [])]))
            return None
        except NerveError as error:
            if error.code in ("closed", "unauthenticated"):
                raise
            newest = run.data["lease"]["generation"]
            if error.code != "id_conflict" and newest > generation:
                return await self._hand_in(run, under_lease(event, newest))
            self._answers.forget(turn)
            if error.code == "id_conflict":  # Only an accepted event holds its id: an earlier run of this program has answered.
                self._note("info", f"turn {turn} was answered before")
                return None
            if error.code == "output_invalid":
                return self._read_invalid(turn, error, event)
            if error.code in ("too_large", "malformed") and event["type"] == "nerve.turn.respond":
                return await self._hand_in_failure(run, error)
            self._note("warning", f"turn {turn} is dropped: {error}")
            return None

    async def _hand_in_failure(self, run: Run, error: NerveError) -> Optional[Invalid]:
        self._note("warning", f"the answer to turn {run.data['turn']} is refused: {error}")
        data = {"error": cut(f"the answer was refused: {error}"), "retryable": False}
        return await self._hand_in(run, make_answer(run.data, run.event["id"], data, 0))

    def _read_invalid(self, turn: str, error: NerveError, event: Event) -> Optional[Invalid]:
        problem = error.problem or {}
        errors, left = list(problem.get("errors") or []), int(problem.get("left") or 0)
        said = "; ".join(dict.fromkeys(f"{each.get('path') or 'output'}: {each.get('message')}" for each in errors))
        self._note("warning", f"turn {turn}: the output is not of the role's schema: {said or error.detail} ({left} left)")
        return Invalid(errors, left, event["data"].get("output") or {}) if left > 0 else None

    def _make_ports(self, run: Run) -> TurnPorts:
        loop = asyncio.get_running_loop()

        def progress(note: str, details: Any) -> None:
            loop.call_soon_threadsafe(self._report, run, note, details)

        async def send(type: str, data: Any = None, **attributes: Any) -> dict[str, Any]:
            attributes = {"correlationid": run.data["thread"], "causationid": run.event["id"], **attributes}
            return await self._send(make_event(type, data, **attributes))

        def usage(tokens: Tokens, cost: Optional[float]) -> None:
            fault = run.usage.add(tokens, cost)
            if fault:
                loop.call_soon_threadsafe(self._note, "warning", f"usage of turn {run.data['turn']} is left out: {fault}")

        return TurnPorts(progress, send, usage, self._artifacts)

    def _report(self, run: Run, note: str, details: Any) -> None:
        """One report at a time, and of several that wait only the last."""
        turn = run.data["turn"]
        busy = turn in self._reporting
        self._reporting[turn] = (note, details)
        if not busy:
            task = asyncio.ensure_future(self._send_reports(run))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send_reports(self, run: Run) -> None:
        turn, sent = run.data["turn"], None
        try:
            while not run.revoked and self._reporting[turn] is not sent:
                sent = self._reporting[turn]
                generation = run.data["lease"]["generation"]
                data = {"turn": turn, "lease": generation, "note": cut(sent[0])}
                if sent[1] is not None:
                    data["details"] = sent[1]
                try:
                    await self._send(make_event("nerve.turn.progress", data, correlationid=run.data["thread"]), own=True)
                except NerveError as error:
                    over = error.code == "turn_over" or (error.code == "stale_lease" and run.data["lease"]["generation"] == generation)
                    if over and self._runs.get(turn) is run:
                        self.revoke(turn, str(error))
                    elif error.code != "closed":
                        self._note("warning", f"progress of turn {turn}: {error}")
        finally:
            self._reporting.pop(turn, None)


def read_answer(answer: Any) -> dict[str, Any]:
    """What a handler returned, as data of the answer. Raises TurnFailure for what is no output."""
    output, more = (answer.output, {"body": answer.body}) if isinstance(answer, WithBody) else (answer, {})
    if not isinstance(output, Mapping):
        said = f'the handler returned {type(output).__name__} and no dict: an output is one, e.g. {{"$status": "done"}}'
        raise TurnFailure(said)
    return {"output": dict(output), **more}


def _read_time(text: object) -> Optional[float]:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
