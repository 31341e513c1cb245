"""The events that an agent sends. Ids follow from what they answer, so that the same answer is never accepted twice."""
from __future__ import annotations

import json
import uuid
from typing import Any, Mapping, Optional

from . import limits
from .errors import NerveError

Event = dict[str, Any]


def make_event(type: str, data: Any = None, *, id: Optional[str] = None, **attributes: Any) -> Event:
    """An event that can be posted. Without an `id` it gets one of its own; attributes that are None are left out."""
    event: Event = {"specversion": "1.0", "id": id or str(uuid.uuid4()), "type": type}
    event.update({name: value for name, value in attributes.items() if value is not None})
    if data is not None:
        event["data"] = data
    return event


def write_event(event: Mapping[str, Any]) -> str:
    """The event as it travels. Raises NerveError `not_json` or `too_large`."""
    try:
        # NaN and Infinity are no JSON, and the server would refuse them with less said.
        text = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise NerveError("not_json", f"the event cannot be said in JSON: {error}") from error
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.EVENT_BYTES:
        said = f"the event has {size} bytes, at most {limits.EVENT_BYTES} are taken; put what is large by `artifacts.put`, and send the reference that it gives"
        raise NerveError("too_large", said)
    return text


def make_answer(turn: Mapping[str, Any], cause: str, data: Mapping[str, Any], attempt: int) -> Event:
    """The answer to a turn: `nerve.turn.respond` if there is an output, else `nerve.turn.fail`. `attempt` counts the answers to this
    giving of the turn under this lease."""
    given, generation = turn.get("attempt") or 1, turn["lease"]["generation"]
    count = f"{given}.{attempt}" if given > 1 else str(attempt)
    return make_event(
        "nerve.turn.respond" if "output" in data else "nerve.turn.fail",
        {"turn": turn["turn"], "lease": generation, **data},
        id=f"answer:{turn['turn']}:{generation}:{count}",
        correlationid=turn["thread"],
        causationid=cause,
    )


def under_lease(event: Mapping[str, Any], generation: int) -> Event:
    """The same answer under another lease of the same turn: another event, for its body is another."""
    data = {**event["data"], "lease": generation}
    return {**event, "id": f"answer:{data['turn']}:{generation}:{event['id'].rsplit(':', 1)[-1]}", "data": data}


def cut(text: str, size: int = limits.ERROR_BYTES) -> str:
    """Cuts to so many bytes of UTF-8, never within a character."""
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")
