"""A reviewer for workflows/code-review.yaml in Python's standard library alone: claims reviews and answers turns, by polling.

    NERVEFLARE_URL=http://127.0.0.1:8787 NERVEFLARE_TOKEN=... python3 examples/python/agent.py

It polls while it works, so that it keeps its roles however long a turn takes. With NERVEFLARE_STATE=<file> it keeps the answers
that it made, so that a restart sends them again instead of working again.
"""
import json
import os
import queue
import sys
import threading
import time
import urllib.error
import urllib.request

URL = os.environ.get("NERVEFLARE_URL", "http://127.0.0.1:8787").rstrip("/")
HEADERS = {"authorization": "Bearer " + os.environ.get("NERVEFLARE_TOKEN", ""), "content-type": "application/json"}
STATE = os.environ.get("NERVEFLARE_STATE")
SLOTS = 1  # Roles to hold at a time. One turn is worked on at a time.
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
GONE = (urllib.error.URLError, ConnectionError, TimeoutError, OSError, json.JSONDecodeError)

turns = {}  # Open turns by id, each as it was given last: with the newest lease.
answers = {}  # Events that answer turns, by turn, until they are accepted or refused.
todo = queue.Queue()
beat = 12.0  # Seconds between two polls: half of the shortest heartbeat that a role has asked for.


def call(method, path, body=None):
    """Calls the API; raises HTTPError for a refusal, another URLError where nothing answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, HEADERS, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read() or "null")


def read_problem(error):
    """What the server says of a refusal. A proxy's page is none: it passes."""
    try:
        problem = json.load(error)
        return {"retryable": problem["retryable"], "code": problem["code"], "detail": problem["detail"], **problem}
    except (ValueError, KeyError, TypeError):
        return {"retryable": True, "code": str(error.code), "detail": "no answer of the server's"}


def post(event):
    """Posts an event until it is accepted (None) or refused for good (the problem). The id follows from what it answers, so sending it
    again changes nothing."""
    while True:
        try:
            call("POST", "/v1/events", event)
            return None
        except urllib.error.HTTPError as error:
            problem = read_problem(error)
            if problem["code"] == "output_invalid" or not problem["retryable"]:
                print(f"{event['type']}: {problem['code']}: {problem['detail']}", file=sys.stderr)
                return problem
            time.sleep(float(problem.get("retryAfter") or 1))
        except GONE:
            time.sleep(1)


def review(turn):
    """Your work goes here: the turn in, the output out. `turn["invalid"]` is there when the output before was refused, and says why."""
    if (turn["last"] or {}).get("role") == "author":
        return {"$status": "approved", "summary": "reads well now"}
    return {"$status": "changes_requested", "changes": ["name the retry limit"]}


def make_answer(turn, invalid):
    """Performs the turn."""
    try:
        return "nerve.turn.respond", {"output": review({**turn, "invalid": invalid} if invalid else turn)}
    except Exception as error:  # Whatever went wrong, the thread must hear of it.
        return "nerve.turn.fail", {"error": f"{type(error).__name__}: {error}"[:1000], "retryable": False}


def work():
    """Performs turns one after the other, for ever."""
    while True:
        turn_id, invalid = todo.get(), None
        while turn_id in turns:
            kind, data = answers.get(turn_id) or make_answer(turns[turn_id], invalid)
            turn = turns.get(turn_id)  # Perhaps given again meanwhile, under a newer lease; or taken back.
            if turn is None:
                break
            keep(turn_id, (kind, data))
            lease = turn["lease"]["generation"]
            event = {"id": f"{kind}:{turn_id}:{lease}", "type": kind, "correlationid": turn["thread"]}
            refused = post({**event, "data": {"turn": turn_id, "lease": lease, **data}})
            keep(turn_id, None)
            newest = turns.get(turn_id, turn)["lease"]["generation"]
            if refused and refused["code"] == "stale_lease" and newest > lease:
                keep(turn_id, (kind, data))
                continue
            invalid = refused if refused and refused.get("left") else None
            if not invalid:
                turns.pop(turn_id, None)


def keep(turn_id, answer):
    """Keeps an answer before it is sent; None: it was accepted or refused."""
    if answer is None:
        answers.pop(turn_id, None)
    else:
        answers[turn_id] = answer
    if STATE:
        with open(STATE + ".new", "w") as file:
            json.dump(answers, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(STATE + ".new", STATE)


def take(turn):
    """A turn was given, perhaps again."""
    known = turns.get(turn["turn"])
    if known is None or known["lease"]["generation"] <= turn["lease"]["generation"]:
        turns[turn["turn"]] = turn
    if known is None:
        todo.put(turn["turn"])


def handle(event):
    global beat
    kind, data = event["type"], event.get("data") or {}
    if "heartbeat" in data:
        every = data["heartbeat"]["every"]
        unit = every.lstrip("0123456789.")
        beat = min(beat, float(every[: -len(unit)]) * SECONDS[unit] / 2)
    if kind == "nerve.offer.opened":
        claim = {"id": f"claim:{data['offer']}", "type": "nerve.offer.claim", "correlationid": data["thread"]}
        post({**claim, "data": {"offer": data["offer"]}})
    elif kind == "nerve.turn.assigned":
        take(data)
    elif kind == "nerve.turn.revoked":
        turns.pop(data["turn"], None)


def poll():
    """Takes what has come. That it asks, at least every `beat`, is the sign of life."""
    # Without `after`: everything that was not acknowledged, so a crash before the acknowledgement loses nothing.
    items = call("GET", f"/v1/inbox?channel=my,open&wait={int(beat)}")["events"]
    for item in items:
        handle(item["event"])
    if items:
        # A turn that is acknowledged and not answered stays in /v1/me.
        call("POST", "/v1/inbox/ack", {"seqs": [item["seq"] for item in items]})
    elif beat < 1:
        time.sleep(beat)


def resume():
    """Takes up the turns that an earlier run of this program left open."""
    if STATE and os.path.exists(STATE):
        with open(STATE) as file:
            answers.update(json.load(file))
    for turn in call("GET", "/v1/me")["turns"]:
        handle({"type": "nerve.turn.assigned", "data": turn})


def main():
    started = False
    while True:
        try:
            if not started:
                post({"id": f"report:{time.time_ns()}", "type": "nerve.agent.report", "data": {"slots": SLOTS}})
                resume()
                threading.Thread(target=work, daemon=True).start()
                started = True
            poll()
        except urllib.error.HTTPError as error:
            problem = read_problem(error)
            if problem["code"] in ("unauthenticated", "forbidden"):
                sys.exit(f"{problem['detail']} Ask the operator for another token: NERVEFLARE_TOKEN.")
            print(f"{problem['code']}: {problem['detail']}", file=sys.stderr)
            time.sleep(float(problem.get("retryAfter") or 1))
        except GONE:
            time.sleep(1)


if __name__ == "__main__":
    main()
