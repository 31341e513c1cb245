"""A reviewer for workflows/code-review.yaml in Python's standard library alone: claims reviews and answers turns, by polling.

    NERVEFLARE_URL=http://127.0.0.1:8787 NERVEFLARE_TOKEN=... python3 examples/python/agent.py

It polls while it works, so that it keeps its roles however long a turn takes. With NERVEFLARE_STATE=<file> it keeps the answers
that it made, so that a restart sends them again instead of working again.
"""
import http.client
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
GONE = (OSError, http.client.HTTPException, json.JSONDecodeError)  # Nothing answered, or not the server.

answers = {}  # What was answered, by turn, until it is accepted or refused.
todo = queue.Queue()  # Ids of turns that were given.
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


def work():
    """Performs turns one after the other, for ever. What is under way, or was answered, may be given again: the server knows what is open."""
    while True:
        turn_id, invalid = todo.get(), None
        while (turn := find_open(turn_id)) is not None:
            attempt, lease = turn.get("attempt", 1), turn["lease"]["generation"]
            answer = find_answer(turn) or make_answer(turn, invalid)
            keep(turn_id, {**answer, "attempt": attempt})
            kind, data = answer["kind"], {"turn": turn_id, "lease": lease, **answer["data"]}
            refused = post({"id": f"{kind}:{turn_id}:{lease}:{attempt}", "type": kind, "correlationid": turn["thread"], "data": data})
            code = refused and refused["code"]
            if code == "stale_lease":
                time.sleep(1)  # If the turn is ours again, the same answer counts under the newer lease.
                continue
            keep(turn_id, None)
            invalid = refused if code == "output_invalid" else None
            if code in ("too_large", "malformed") and kind != "nerve.turn.fail":
                keep(turn_id, {**fail(refused["detail"]), "attempt": attempt})
            elif code not in (None, "output_invalid"):
                break


def find_open(turn_id):
    """The turn, if it waits for an answer of ours: as it was given last, with the newest lease."""
    while True:
        try:
            return next((turn for turn in call("GET", "/v1/me")["turns"] if turn["turn"] == turn_id), None)
        except GONE:  # Where there is no sense in going on, the main loop ends the program.
            time.sleep(1)


def find_answer(turn):
    """The answer that was made before. A turn that failed and is given again is to be tried again."""
    kept = answers.get(turn["turn"])
    if kept is None or (kept["kind"] == "nerve.turn.fail" and kept["attempt"] < turn.get("attempt", 1)):
        return None
    return kept


def make_answer(turn, invalid):
    """Performs the turn."""
    try:
        return {"kind": "nerve.turn.respond", "data": {"output": review({**turn, "invalid": invalid} if invalid else turn)}}
    except Exception as error:  # Whatever went wrong, the thread must hear of it.
        return fail(f"{type(error).__name__}: {error}")


def fail(reason):
    return {"kind": "nerve.turn.fail", "data": {"error": reason[:1000], "retryable": False}}


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
        todo.put(data["turn"])


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
    open_turns = call("GET", "/v1/me")["turns"]
    for turn in open_turns:
        handle({"type": "nerve.turn.assigned", "data": turn})
    for turn_id in set(answers) - {turn["turn"] for turn in open_turns}:
        keep(turn_id, None)


def main():
    if not os.environ.get("NERVEFLARE_TOKEN"):
        sys.exit("Set NERVEFLARE_TOKEN to the agent's token: `nerveflare agents add <id>` shows it once.")
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
