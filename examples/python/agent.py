"""A reviewer for workflows/code-review.yaml in Python's standard library alone: claims reviews, answers turns, by long polling.

    NERVEFLARE_URL=http://127.0.0.1:8787 NERVEFLARE_TOKEN=... python3 examples/python/agent.py
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("NERVEFLARE_URL", "http://127.0.0.1:8787").rstrip("/")
HEADERS = {"authorization": "Bearer " + os.environ["NERVEFLARE_TOKEN"], "content-type": "application/json"}


def call(method, path, body=None):
    """Calls the API; raises HTTPError for a refusal, URLError where nothing answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, HEADERS, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read() or "null")


def post(event_id, kind, thread, data):
    """Posts an event. The id follows from what it answers, so sending it again after a crash changes nothing."""
    try:
        call("POST", "/v1/events", {"id": event_id, "type": kind, "correlationid": thread, "data": data})
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        if problem["retryable"]:
            raise
        print(f"{kind}: {problem['code']}: {problem['detail']}", file=sys.stderr)


def review(turn):
    """Your work goes here: the turn in, the output out."""
    if (turn["last"] or {}).get("role") == "author":
        return {"$status": "approved", "summary": "reads well now"}
    return {"$status": "changes_requested", "changes": ["name the retry limit"]}


def handle(event):
    data = event["data"]
    if event["type"] == "nerve.offer.opened":
        post(f"claim:{data['offer']}", "nerve.offer.claim", data["thread"], {"offer": data["offer"]})
    elif event["type"] == "nerve.turn.assigned":
        lease = data["lease"]["generation"]
        answer = {"turn": data["turn"], "lease": lease, "output": review(data)}
        post(f"respond:{data['turn']}:{lease}", "nerve.turn.respond", data["thread"], answer)


while True:
    try:
        # Without `after`: everything that was not acknowledged, so a crash before the acknowledgement loses nothing.
        items = call("GET", "/v1/inbox?channel=my,open&wait=25")["events"]
        for item in items:
            handle(item["event"])
        if items:
            call("POST", "/v1/inbox/ack", {"seqs": [item["seq"] for item in items]})
    except urllib.error.HTTPError as error:
        if error.code == 401:
            sys.exit("The token is not valid here: ask the operator for another.")
        time.sleep(float(error.headers.get("retry-after") or 1))
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        time.sleep(1)
