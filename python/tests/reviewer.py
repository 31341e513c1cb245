"""A reviewer that the repository's own tests drive: tells on stdout what it does, one JSON object a line, and waits on stdin when told to.

Environment: NERVEFLARE_URL, NERVEFLARE_TOKEN, STATE (a file), WAYS (`socket,poll`), ROLE, HOLD (`1`: each turn waits for a line on
stdin), SLOTS, SLOPPY (`1`: the first answer of the process is no output of the role's),
BRING (a file that its output names), FETCH (where to write what the output before names).
"""
import hashlib
import json
import logging
import os
import pathlib
import sys
import threading
import time

from nerveflare import Agent, NerveError

lines = threading.Semaphore(0)
sloppy = [os.environ.get("SLOPPY") == "1"]


def say(**what):
    os.write(1, (json.dumps(what) + "\n").encode())  # In one piece: several threads say something.


def listen():
    for _ in sys.stdin:
        lines.release()


agent = Agent(
    os.environ["NERVEFLARE_URL"],
    token=os.environ.get("NERVEFLARE_TOKEN", "none"),
    state=os.environ.get("STATE"),
    ways=os.environ.get("WAYS", "socket,poll").split(","),
    # Short pauses: what is tried is that it comes back, not how long it waits.
    random=lambda: 0.2,
    slots=int(os.environ.get("SLOTS", "1")),
)


def answer(turn):
    if sloppy[0] and not turn.invalid:
        return {"$status": "splendid"}
    sloppy[0] = False
    if os.environ.get("BRING"):
        return {"$status": "made", "report": turn.artifacts.put(pathlib.Path(os.environ["BRING"]))}
    if os.environ.get("FETCH"):
        turn.artifacts.save(turn.last["output"]["report"], os.environ["FETCH"])
        return {"$status": "read", "sum": hashlib.sha256(turn.artifacts.read(turn.last["output"]["report"])).hexdigest()}
    if turn.role == "worker":
        return {"$status": "done"}
    if (turn.last or {}).get("role") == "author":
        return {"$status": "approved", "summary": "reads well now"}
    return {"$status": "changes_requested", "changes": ["name the retry limit"]}


# In a thread of its own: what blocks, as a model or a compiler does, keeps no heartbeat back.
@agent.turn(os.environ.get("ROLE", "code-review/reviewer"))
def review(turn):
    say(start=turn.id, invalid=turn.invalid and turn.invalid.errors, left=turn.invalid and turn.invalid.left)
    turn.progress("reading")
    if os.environ.get("HOLD") == "1":
        lines.acquire()
    say(end=turn.id)
    return answer(turn)


def watch():
    """Tells which way carries, each time that it is another."""
    told = None
    while True:
        if agent.way != told:
            told = agent.way
            say(way=told)
        time.sleep(0.02)


logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="python agent: %(message)s")
for each in (listen, watch):
    threading.Thread(target=each, daemon=True).start()
try:
    agent.run(finish=float(os.environ.get("FINISH", "10")))
except NerveError as error:
    sys.exit(str(error))
say(closed=True)
