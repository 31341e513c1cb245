"""The parts of the client by themselves: no server, no package but the standard library."""
import asyncio
import hashlib
import http.server
import json
import os
import sys
import pathlib
import tempfile
import threading
import unittest
from email.message import Message

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "src"))

from nerveflare import Agent, NerveError, Turn, TurnFailure, WithBody, limits  # noqa: E402
from nerveflare.answers import Answers  # noqa: E402
from nerveflare.artifacts import Artifacts  # noqa: E402
from nerveflare.backoff import Heartbeat, compute_backoff, read_duration  # noqa: E402
from nerveflare.connection import LinkPolicy  # noqa: E402
from nerveflare.errors import refuse_by  # noqa: E402
from nerveflare.events import cut, make_answer, make_event, under_lease, write_event  # noqa: E402
from nerveflare.http import Http, in_thread, read_refusal  # noqa: E402
from nerveflare.links import LinkEnd, is_item, read_frame, write_query  # noqa: E402
from nerveflare.mailbox import Mailbox  # noqa: E402
from nerveflare.outbox import Outbox  # noqa: E402
from nerveflare.roles import Roles  # noqa: E402
from nerveflare.turns import Turns, read_answer  # noqa: E402


async def settle():
    """Lets everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


def give(turn="t:1", generation=1, attempt=1, event="e1", **more):
    data = {"turn": turn, "thread": "t", "workflow": "w", "role": {"name": "r"}, "prompt": "go", "round": 1}
    data.update(lease={"generation": generation}, attempt=attempt, event={}, **more)
    return {"id": event, "source": "/threads/t", "type": "nerve.turn.assigned", "data": data}


def offer(name):
    return {"offer": name, "thread": "t-" + name, "workflow": "w", "role": "r", "bind": "thread", "heartbeat": {"every": "30s"}}


class Events(unittest.TestCase):
    def test_an_answer_has_an_id_of_its_turn_lease_giving_and_count(self):
        turn = give()["data"]
        first = make_answer(turn, "e1", {"output": {}}, 1)
        self.assertEqual((first["id"], first["type"]), ("answer:t:1:1:1", "nerve.turn.respond"))
        again = make_answer({**turn, "attempt": 3}, "e1", {"error": "no", "retryable": False}, 2)
        self.assertEqual((again["id"], again["type"]), ("answer:t:1:1:3.2", "nerve.turn.fail"))
        moved = under_lease(again, 5)
        self.assertEqual((moved["id"], moved["data"]["lease"]), ("answer:t:1:5:3.2", 5))

    def test_what_json_cannot_say_or_is_too_large_is_refused_before_it_is_sent(self):
        for data, code in [(float("nan"), "not_json"), ({1, 2}, "not_json"), ("x" * limits.EVENT_BYTES, "too_large"), ("€" * 90_000, "too_large")]:
            with self.assertRaises(NerveError) as caught:
                write_event(make_event("a.b", data))
            self.assertEqual(caught.exception.code, code)

    def test_cutting_never_splits_a_character(self):
        self.assertEqual(cut("a€b", 3), "a")
        self.assertEqual(cut("a€b", 4), "a€")

    def test_an_output_is_a_dict(self):
        self.assertEqual(read_answer({"$status": "done"}), {"output": {"$status": "done"}})
        self.assertEqual(read_answer(WithBody({}, "text")), {"output": {}, "body": "text"})
        for wrong in (None, "done", [1]):
            with self.assertRaisesRegex(TurnFailure, "no dict"):
                read_answer(wrong)


class Frames(unittest.TestCase):
    def test_what_is_no_frame_or_of_a_newer_server_does_no_harm(self):
        for text in ("{", "[]", "7", '{"type":7}', b"\x00", "[" * 100_000):
            self.assertIsNone(read_frame(text))
        self.assertEqual(read_frame('{"type":"dance","x":1}'), {"type": "dance", "x": 1})

    def test_an_event_needs_an_identity(self):
        self.assertTrue(is_item({"seq": 1, "event": {"id": "a", "type": "b"}}))
        for item in (None, {"seq": 1}, {"seq": 1, "event": {"id": 1, "type": "b"}}, {"event": {"id": "a", "type": "b"}}):
            self.assertFalse(is_item(item))

    def test_a_connection_names_at_most_as_many_as_the_server_takes(self):
        self.assertEqual(write_query("a.2", "a", ["a.1"]), "channel=my,open&connection=a.2&client=a&replaces=a.1")
        self.assertEqual(write_query("a", "a", ["b"] * 50).count("b"), limits.REPLACES)


class Refusals(unittest.TestCase):
    def read(self, status, body, kind="application/problem+json", **headers):
        message = Message()
        message["content-type"] = kind
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        return read_refusal(status, message, body)

    def test_the_servers_word_is_final_with_its_stable_code(self):
        body = json.dumps({"status": 401, "code": "unauthenticated", "detail": "no", "retryable": False}).encode()
        error = self.read(401, body)
        self.assertEqual((error.code, error.retryable), ("unauthenticated", False))

    def test_a_proxys_page_is_not(self):
        for status in (401, 403, 404, 500):
            error = self.read(status, b"<h1>Sign in</h1>", "text/html")
            self.assertEqual((error.code, error.retryable), ("unavailable", True))
        other = json.dumps({"code": "unauthenticated", "retryable": False, "status": 401}).encode()
        self.assertTrue(self.read(403, other).retryable)
        self.assertFalse(self.read(413, b"", "text/html").retryable)

    def test_who_is_told_when_to_come_again_waits_so_long(self):
        self.assertEqual(self.read(429, b"", "text/html", retry_after="7").retry_after, 7.0)
        body = json.dumps({"status": 503, "code": "starting", "detail": "", "retryable": True, "retryAfter": 2}).encode()
        self.assertEqual(self.read(503, body).retry_after, 2.0)


class Backoff(unittest.TestCase):
    def test_pauses_grow_are_random_and_have_bounds(self):
        self.assertEqual([compute_backoff(n, lambda: 1.0) for n in (0, 1, 2, 20, 10_000)], [0.25, 0.5, 1.0, 30.0, 30.0])
        self.assertEqual(compute_backoff(0, lambda: 0.0), 0.025)

    def test_durations_are_those_of_the_language(self):
        self.assertEqual([read_duration(text) for text in ("500ms", "1.5s", "2m", "1d")], [0.5, 1.5, 120.0, 86_400.0])
        self.assertEqual([read_duration(text) for text in ("", "5", "5 s", None, "s")], [None] * 5)

    def test_a_beat_is_half_of_the_shortest_heartbeat(self):
        heard, clock = [], [0.0]
        beat = Heartbeat(heard.append, lambda: clock[0])
        beat.ask("a", {"every": "30s"})
        beat.ask("b", {"every": "4s"})
        beat.ask("c", {"every": "10ms"})
        beat.ask("d", None)
        beat.forget("c")
        clock[0] = 5.0
        beat.ask("e", {"every": "6s"})
        beat.keep({"a"}, 5.0)
        beat.forget("e")
        self.assertEqual(heard, [2.0, limits.BEAT_MIN, 2.0, 3.0, limits.BEAT])

    def test_a_socket_that_does_not_open_or_dies_young_gives_way_to_polling(self):
        policy = LinkPolicy(["socket", "poll"], lambda: 1.0)
        self.assertEqual(policy.decide(0, 0.0, False, LinkEnd("unsupported", "")), (1, 0.0))
        self.assertEqual(policy.decide(0, 5.0, False, LinkEnd("lost", "")), (0, 0.25))
        self.assertEqual(policy.decide(0, 5.0, False, LinkEnd("lost", "")), (0, 0.5))
        self.assertEqual(policy.decide(0, 5.0, False, LinkEnd("lost", "")), (1, 0.0))
        self.assertEqual(policy.decide(1, 60.0, False, LinkEnd("lost", "")), (0, 0.25))

    def test_who_was_replaced_or_too_fast_stays_away(self):
        policy = LinkPolicy(["poll"], lambda: 1.0)
        self.assertEqual(policy.decide(0, 0.0, False, LinkEnd("replaced", ""))[1], limits.REPLACED)
        self.assertEqual(policy.decide(0, 0.0, False, LinkEnd("rate", ""))[1], limits.RATE)
        self.assertEqual(policy.decide(0, 0.0, False, LinkEnd("rate", "", 3.0))[1], 3.0)


class MailboxTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.given, self.acked, self.again = [], [], []

    async def ack(self, seqs):
        self.acked.append(seqs)
        return True

    def make(self, room=10):
        return Mailbox(lambda event, done: self.given.append((event["id"], done)), lambda: self.again.append(1), room)

    async def test_a_repeat_is_handed_on_once_and_acknowledged_under_each_number(self):
        mailbox = self.make()
        mailbox.attach(self.ack)
        for seq in (1, 2):
            mailbox.receive({"seq": seq, "event": {"id": "a", "source": "s", "type": "x"}})
        self.assertEqual([name for name, _ in self.given], ["a"])
        self.given[0][1]()
        mailbox.receive({"seq": 3, "event": {"id": "a", "source": "s", "type": "x"}})
        mailbox.receive({"seq": 4, "event": {"id": "a", "source": "other", "type": "x"}})
        await mailbox.flush()
        self.assertEqual((self.acked, len(self.given)), ([[1, 2, 3]], 2))

    async def test_what_is_not_dealt_with_is_not_acknowledged_and_lost_words_are_said_again(self):
        mailbox = self.make()

        async def lose(_):
            return False

        mailbox.attach(lose)
        mailbox.receive({"seq": 1, "event": {"id": "a", "type": "x"}})
        await mailbox.flush()
        self.given[0][1]()
        await mailbox.flush()
        mailbox.attach(self.ack)
        await settle()
        self.assertEqual(self.acked, [[1]])

    async def test_beyond_the_room_events_stay_in_the_mailbox_and_are_read_again(self):
        mailbox = self.make(room=2)
        for seq in range(4):
            mailbox.receive({"seq": seq, "event": {"id": str(seq), "type": "x"}})
        self.assertEqual((mailbox.in_hand(), len(self.given)), (2, 2))
        self.given[0][1]()
        self.assertEqual(self.again, [1])


class Line:
    """A connection that answers as it is told."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    async def send(self, event, text):
        self.sent.append(text)
        answer = self.answers.pop(0) if self.answers else {"id": event["id"], "notes": []}
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(code, retryable, **more):
    return refuse_by({"code": code, "retryable": retryable, "detail": "because", **more})


class OutboxTest(unittest.IsolatedAsyncioTestCase):
    async def test_an_event_is_sent_again_unchanged_until_it_is_accepted(self):
        outbox = Outbox(lambda: 0.0)
        line = Line(NerveError("network", "gone"), problem("unavailable", True, retryAfter=0), problem("starting", True, retryAfter=0))
        sending = asyncio.ensure_future(outbox.send(make_event("a.b", id="1")))
        await settle()
        self.assertFalse(sending.done())
        outbox.attach(line)
        self.assertEqual((await sending)["id"], "1")
        self.assertEqual((len(line.sent), len(set(line.sent))), (4, 1))

    async def test_what_is_refused_for_good_is_told_and_not_sent_again(self):
        for code, retryable in (("not_found", False), ("output_invalid", True)):
            outbox, line = Outbox(lambda: 0.0), Line(problem(code, retryable))
            outbox.attach(line)
            with self.assertRaises(NerveError) as caught:
                await outbox.send(make_event("a.b"))
            self.assertEqual((caught.exception.code, len(line.sent)), (code, 1))

    async def test_an_id_that_waits_is_one_event(self):
        outbox, line = Outbox(lambda: 0.0), Line()
        both = [asyncio.ensure_future(outbox.send(make_event("a.b", 1, id="1"))) for _ in range(2)]
        await settle()
        with self.assertRaises(NerveError) as caught:
            await outbox.send(make_event("a.b", 2, id="1"))
        self.assertEqual(caught.exception.code, "id_conflict")
        outbox.attach(line)
        await asyncio.gather(*both)
        self.assertEqual(len(line.sent), 1)

    async def test_it_has_a_bound_and_room_for_answers_beyond_it(self):
        outbox = Outbox(lambda: 0.0)
        waiting = [asyncio.ensure_future(outbox.send(make_event("a.b"))) for _ in range(limits.OUTBOX_EVENTS)]
        await settle()
        with self.assertRaises(NerveError) as caught:
            await outbox.send(make_event("a.b"))
        self.assertEqual(caught.exception.code, "outbox_full")
        answer = asyncio.ensure_future(outbox.send(make_event("nerve.turn.respond", id="answer"), own=True))
        outbox.attach(Line())
        await asyncio.gather(answer, *waiting)


class TurnsTest(unittest.IsolatedAsyncioTestCase):
    def make(self, handler, *answers, slots=1, path=None):
        self.sent, self.answers, self.done, self.me = [], list(answers), [], {"turns": [], "rolesHeld": [], "now": "2026-01-01T00:00:00Z"}

        async def send(event, own=False):
            self.sent.append(event)
            answer = self.answers.pop(0) if self.answers else {"notes": []}
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def read_me():
            return self.me

        notes = lambda *_: None  # noqa: E731
        ended = lambda *_: None  # noqa: E731
        self.turns = Turns(
            find=lambda *_: handler, slots=slots, answers=Answers(path), send=send, read_me=read_me, ended=ended, note=notes, artifacts=None
        )
        return self.turns

    def assign(self, **more):
        event = give(**more)
        self.turns.assign(event, lambda: self.done.append(event["id"]))

    async def test_a_turn_that_is_given_again_is_performed_once_and_answers_under_the_newest_lease(self):
        calls, go = [], asyncio.Event()

        async def work(turn):
            calls.append(turn.id)
            await go.wait()
            return {"$status": "done"}

        turns = self.make(work)
        self.assign()
        await settle()
        self.assign(generation=2, event="e2")
        go.set()
        await turns.idle()
        self.assertEqual((calls, self.sent[0]["data"]["lease"], self.done), (["t:1"], 2, ["e1", "e2"]))

    async def test_an_invalid_output_is_shown_to_the_handler_with_what_to_change(self):
        seen = []

        async def work(turn):
            seen.append(turn.invalid and (turn.invalid.errors, turn.invalid.left, turn.invalid.output))
            return {"n": len(seen)}

        errors = [{"path": "/n", "message": "is 1"}]
        turns = self.make(work, problem("output_invalid", True, errors=errors, left=2))
        self.assign()
        await turns.idle()
        self.assertEqual(seen, [None, (errors, 2, {"n": 1})])
        self.assertEqual([event["id"] for event in self.sent], ["answer:t:1:1:1", "answer:t:1:1:2"])

    async def test_after_the_last_answer_the_handler_is_left_alone(self):
        async def work(_):
            return {}

        turns = self.make(work, problem("output_invalid", True, errors=[], left=0))
        self.assign()
        await turns.idle()
        self.assertEqual((len(self.sent), self.done), (1, ["e1"]))

    async def test_a_revoked_turn_is_cancelled_and_answers_nothing(self):
        ended = []

        async def work(turn):
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(turn.revoked.is_set())

        turns = self.make(work)
        self.assign()
        await settle()
        turns.revoke("t:1", "rerecruited")
        await turns.idle()
        self.assertEqual((ended, self.sent, self.done), ([True], [], ["e1"]))

    async def test_a_handler_in_a_thread_is_told_by_revoked(self):
        began, seen = threading.Event(), []

        def work(turn):
            began.set()
            seen.append(turn.revoked.wait(20))
            return {}

        turns = self.make(work)
        self.assign()
        await in_thread(lambda: began.wait(20))
        turns.revoke("t:1", "lost")
        await turns.idle()
        self.assertEqual((seen, self.sent), ([True], []))

    async def test_a_turn_whose_thread_is_resumed_with_a_supplement_is_run_again(self):
        known, go = [], asyncio.Event()

        async def work(turn):
            known.append((turn.resumed or {}).get("supplement"))
            if len(known) == 1:
                await asyncio.sleep(60)
            return {}

        turns = self.make(work)
        self.assign()
        await settle()
        self.assign(event="e2", resumed={"reason": "a question", "supplement": "be kind"})
        await turns.idle()
        go.set()
        self.assertEqual((known, len(self.sent)), ([None, "be kind"], 1))

    async def test_what_a_handler_raises_fails_the_turn(self):
        for error, said, retryable in (
            (ValueError("no diff"), "ValueError: no diff", False),
            (TurnFailure("busy", retryable=True), "busy", True),
            (KeyError("x" * 5_000), None, False),
        ):

            def work(_, error=error):
                raise error

            turns = self.make(work)
            self.assign()
            await turns.idle()
            data = self.sent[0]["data"]
            self.assertEqual((self.sent[0]["type"], data["retryable"]), ("nerve.turn.fail", retryable))
            self.assertLessEqual(len(data["error"]), limits.ERROR_BYTES)
            self.assertIn(data["error"], (said, data["error"] if said is None else said))

    async def test_an_output_that_json_cannot_say_fails_the_turn_with_the_reason(self):
        turns = self.make(lambda _: {"x": {1}})
        self.assign()
        await turns.idle()
        self.assertEqual([event["type"] for event in self.sent], ["nerve.turn.fail"])
        self.assertIn("not_json", self.sent[0]["data"]["error"])

    async def test_one_turn_at_a_time_for_each_slot(self):
        running, most, go = [0], [0], asyncio.Event()

        async def work(_):
            running[0] += 1
            most[0] = max(most[0], running[0])
            await go.wait()
            running[0] -= 1
            return {}

        turns = self.make(work, slots=2)
        for number in range(5):
            self.assign(turn=f"t:{number}", event=f"e{number}")
        await settle()
        go.set()
        await turns.idle()
        self.assertEqual((most[0], len(self.sent)), (2, 5))

    async def test_an_answer_that_was_kept_is_sent_again_and_the_work_not_done_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path, calls = os.path.join(folder, "answers.json"), []

            async def work(turn):
                calls.append(turn.attempt)
                return {"n": len(calls)}

            turns = self.make(work, NerveError("closed", "the process ends"), path=path)
            self.assign()
            await turns.idle()
            self.assertEqual(self.done, [])
            first = self.sent[0]
            turns = self.make(work, path=path)
            self.assign(attempt=2, event="e2")
            await turns.idle()
            self.assertEqual((calls, self.sent, self.done), ([1], [first], ["e2"]))
            with open(path) as file:
                self.assertEqual(json.load(file), {})

    async def test_a_failed_turn_that_is_given_again_is_tried_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path, calls = os.path.join(folder, "answers.json"), []

            async def work(turn):
                calls.append(turn.attempt)
                raise TurnFailure("busy", retryable=True)

            turns = self.make(work, NerveError("closed", "the process ends"), path=path)
            self.assign()
            await turns.idle()
            turns = self.make(work, path=path)
            self.assign(attempt=2)
            await turns.idle()
            self.assertEqual((calls, self.sent[0]["id"]), ([1, 2], "answer:t:1:1:2.1"))

    async def test_what_the_work_took_adds_up_and_travels_with_the_answer_or_the_failure(self):
        def work(turn):
            if turn.id == "t:2":
                turn.usage(tokens=7)
                raise TurnFailure("no")
            if turn.id == "t:3":
                for bad in (-1, "many", float("nan"), True, {"in": 1}, 10**12):
                    turn.usage(tokens=bad)
                turn.usage(cost=-0.1)
                return {"ok": True}
            for _ in range(3):
                turn.usage(tokens={"input": 10, "output": 1, "cached": 4}, cost=0.1)
            return {"ok": True}

        self.make(work, slots=3)
        for number in (1, 2, 3):
            self.assign(turn=f"t:{number}", event=f"e{number}")
        await self.turns.idle()
        said = {event["data"]["turn"]: event["data"].get("usage") for event in self.sent}
        self.assertEqual(said["t:1"], {"tokens": {"input": 30, "output": 3, "cached": 12}, "cost": 0.3})
        self.assertEqual(said["t:2"], {"tokens": 7})
        self.assertEqual(said["t:3"], None)

    async def test_of_progress_that_waits_only_the_last_is_sent(self):
        async def work(turn):
            for number in range(10):
                turn.progress(f"step {number}", {"n": number})
            await asyncio.sleep(0.01)
            return {}

        turns = self.make(work)
        self.assign()
        await turns.idle()
        said = [event["data"]["note"] for event in self.sent if event["type"] == "nerve.turn.progress"]
        self.assertEqual(said[-1], "step 9")
        self.assertLess(len(said), 10)


class RolesTest(unittest.IsolatedAsyncioTestCase):
    def make(self, slots=1, decision="claim", *answers):
        self.sent, self.answers, self.clock = [], list(answers), 0.0

        async def send(event, own=False):
            self.sent.append(event)
            answer = self.answers.pop(0) if self.answers else {}
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def judge(_):
            return decision

        async def read_me():
            return {"rolesHeld": [], "claims": []}

        self.tasks = set()

        def spawn(work):
            self.tasks.add(asyncio.ensure_future(work))

        now = lambda: self.clock  # noqa: E731
        note = lambda *_: None  # noqa: E731
        beat = Heartbeat(lambda _: None, now)
        self.roles = Roles(slots=slots, judge=judge, send=send, read_me=read_me, heartbeat=beat, now=now, spawn=spawn, note=note)
        return self.roles

    def tearDown(self):
        for task in self.tasks:
            task.cancel()

    async def test_a_claim_and_a_role_take_a_slot_and_the_next_offer_waits(self):
        roles = self.make()
        for name in ("a", "b"):
            roles.open(offer(name))
        await settle()
        self.assertEqual([event["id"] for event in self.sent], ["claim:a"])
        roles.accept({"offer": "a", "thread": "t-a", "role": "r"})
        await settle()
        self.assertEqual((len(self.sent), roles.free(), roles.is_own("t-a", "r")), (1, 0, True))
        roles.end_thread("t-a")
        await settle()
        self.assertEqual([event["id"] for event in self.sent], ["claim:a", "claim:b"])

    async def test_a_lost_claim_frees_its_slot(self):
        roles = self.make(1, "claim", problem("offer_closed", False))
        for name in ("a", "b"):
            roles.open(offer(name))
        await settle()
        self.assertEqual([event["id"] for event in self.sent], ["claim:a", "claim:b"])
        roles.reject({"offer": "b", "reason": "taken"})
        self.assertEqual(roles.free(), 1)

    async def test_offers_are_declined_bid_for_or_left_open_as_the_judge_says(self):
        for decision, kinds in (("ignore", []), ({"decline": "busy"}, ["nerve.offer.decline"]), ({"bid": 3}, ["nerve.offer.claim"])):
            roles = self.make(1, decision)
            roles.open(offer("a"))
            await settle()
            self.assertEqual([event["type"] for event in self.sent], kinds)
            self.assertEqual(roles.free(), 0 if kinds == ["nerve.offer.claim"] else 1)

    async def test_the_servers_list_ends_what_it_does_not_know_and_leaves_what_came_since(self):
        roles = self.make(3)
        for name in ("a", "b"):
            roles.open(offer(name))
        await settle()
        roles.accept({"offer": "a", "thread": "t-a", "role": "r"})
        self.clock = 10.0
        roles.open(offer("c"))
        await settle()
        roles.resync({"rolesHeld": [], "claims": []}, 5.0)
        self.assertEqual(roles.free(), 2)
        roles.open(offer("b"), listed=5.0)  # It had its verdict since.
        await settle()
        self.assertEqual(roles.free(), 2)

    async def test_named_roles_take_no_slot(self):
        roles = self.make(1)
        roles.assign("t", "author")
        roles.resync({"rolesHeld": [{"thread": "t", "role": "author", "type": "named"}]}, 0.0)
        self.assertEqual(roles.free(), 1)


class Options(unittest.TestCase):
    def test_what_cannot_work_is_told_at_once(self):
        for more, said in (
            ({"url": "127.0.0.1:8787"}, "server's address"),
            ({"token": ""}, "nerveflare agents add"),
            ({"slots": 0}, "at least 1"),
            ({"ways": ["telex"]}, "socket and poll"),
        ):
            with self.assertRaisesRegex(ValueError, said):
                Agent(**{"url": "http://127.0.0.1:8787", "token": "t", "ways": ["poll"], **more})

    def test_a_file_that_holds_no_answers_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x")
            with open(path, "w") as file:
                file.write("[1]")
            with self.assertRaisesRegex(ValueError, "holds no answers"):
                Answers(path)

    def test_a_turn_reads_as_it_was_given(self):
        turn = Turn(give(attempt=2)["data"], None, None)
        self.assertEqual((turn.id, turn.workflow, turn.role, turn.attempt, turn.last), ("t:1", "w", "r", 2, None))


class Store(http.server.BaseHTTPRequestHandler):
    """As much of a server as artifacts take. `faults`: what befalls the next requests, by their method."""

    protocol_version = "HTTP/1.1"
    faults: list = []
    asked: list = []
    content = bytearray()
    size = 0

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"content-length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def meets(self, fault):
        if (self.command, fault) not in self.faults:
            return False
        self.faults.remove((self.command, fault))
        return True

    def handle_one(self):
        self.asked.append((self.command, self.headers["upload-offset"] or self.headers["range"], self.path))
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        self.close_connection = True
        if self.meets("away"):
            return self.answer(503, b"<html>", content_type="text/html")
        if self.meets("refused"):
            problem = {"code": "forbidden", "retryable": False, "status": 403, "detail": "no"}
            return self.answer(403, json.dumps(problem).encode(), content_type="application/problem+json")
        if self.command == "POST":
            Store.content, Store.size = bytearray(body), int(self.headers["upload-length"])
            if self.headers["upload-complete"] == "?0":
                return self.answer(201, location="/v1/uploads/u")
        if self.command == "PATCH":
            Store.content += body
        if self.meets("lost"):
            return None
        if self.command == "GET":
            start = int((self.headers["range"] or "bytes=0-")[6:-1])
            rest = bytes(self.content[start:])
            if self.meets("broken"):
                self.send_response(206)
                self.send_header("content-length", str(len(rest)))
                self.end_headers()
                return self.wfile.write(rest[: len(rest) // 2])
            return self.answer(206 if start else 200, rest)
        if self.command == "HEAD" or len(self.content) < self.size:
            return self.answer(204, upload_offset=len(self.content))
        reference = {"$artifact": "sha256:" + hashlib.sha256(self.content).hexdigest(), "size": self.size, "type": self.headers["content-type"]}
        return self.answer(200, json.dumps(reference).encode())

    do_GET = do_HEAD = do_POST = do_PATCH = handle_one


class ArtifactsOverABadLine(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        Store.faults, Store.asked = [], []
        self.waits = []
        self.artifacts = Artifacts(Http(f"http://127.0.0.1:{self.server.server_port}", "token"), lambda: 0.5, self.waits.append)

    def test_what_fits_a_part_goes_at_once_and_again_where_its_answer_is_lost(self):
        Store.faults = [("POST", "lost"), ("POST", "away")]
        reference = self.artifacts.put("héllo")
        self.assertEqual(reference["$artifact"], "sha256:" + hashlib.sha256("héllo".encode()).hexdigest())
        self.assertEqual(reference["type"], "text/plain; charset=utf-8")
        self.assertEqual([method for method, *_ in Store.asked], ["POST"] * 3)
        self.assertEqual(self.artifacts.read(reference), "héllo".encode())

    def test_the_rest_is_sent_from_where_the_server_has_it(self):
        content = bytes(range(256)) * (limits.PART_BYTES * 5 // 2 // 256)
        Store.faults = [("PATCH", "lost"), ("HEAD", "away")]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "big.csv")
            path.write_bytes(content)
            reference = self.artifacts.put(path)
        ways = [(method, at) for method, at, _ in Store.asked]
        self.assertEqual(ways, [("POST", None), ("PATCH", "0"), ("HEAD", None), ("HEAD", None), ("PATCH", str(2 * limits.PART_BYTES))])
        Store.faults = [("GET", "broken"), ("GET", "away"), ("GET", "broken")]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "there")
            self.artifacts.save(reference, path)
            self.assertEqual(path.read_bytes(), content)
            self.assertEqual([each.name for each in pathlib.Path(folder).iterdir()], ["there"])
        self.assertEqual(len(Store.asked), 9)

    def test_what_is_refused_is_not_tried_again_and_what_is_not_what_its_hash_says_is_not_given(self):
        Store.faults = [("POST", "refused")]
        with self.assertRaises(NerveError) as caught:
            self.artifacts.put(b"x")
        self.assertEqual((caught.exception.code, self.waits), ("forbidden", []))
        reference = {"$artifact": "sha256:" + "0" * 64}
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(NerveError):
                self.artifacts.save(reference, pathlib.Path(folder, "there"))
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])

    def test_a_server_that_stays_away_is_given_up(self):
        Store.faults = [("POST", "away")] * 20
        with self.assertRaises(NerveError) as caught:
            self.artifacts.put(b"x")
        self.assertEqual((caught.exception.code, len(Store.asked)), ("unavailable", limits.ARTIFACT_TRIES))


if __name__ == "__main__":
    unittest.main()
