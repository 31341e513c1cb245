"""How what the author wrote is called."""
from __future__ import annotations

import asyncio
import inspect
from typing import Any, Callable

from .http import in_thread


async def call_handler(handler: Callable[..., Any], argument: Any) -> Any:
    """An `async` handler runs in the loop; any other in a thread of its own, so that heartbeats go on while it works."""
    if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(getattr(handler, "__call__", None)):
        return await handler(argument)
    working = in_thread(lambda: handler(argument))
    try:
        returned = await asyncio.shield(working)
    except asyncio.CancelledError:
        # A thread cannot be ended: whoever cancels waits for it, or gives it up.
        await asyncio.wait([working])
        raise
    return (await returned) if inspect.isawaitable(returned) else returned
