"""Calls the HTTP API by the standard library, in threads of their own, so that the event loop never waits."""
from __future__ import annotations

import asyncio
import http.client
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Callable, Mapping, Optional, TypeVar

from . import limits
from .errors import NerveError, read_problem, refuse_by

T = TypeVar("T")

# A page that a proxy answers with is not the server's word: what is refused for its size will be again, all else may go better.
_FOREIGN_CODES = {413: ("too_large", False), 429: ("rate_limited", True)}


def in_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
    """Runs it in a daemon thread: one that hangs keeps neither the loop nor the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(set_to: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            set_to(value)

    def run() -> None:
        try:
            outcome: tuple[Callable[[Any], None], Any] = (future.set_result, work())
        except (StopIteration, SystemExit, KeyboardInterrupt) as error:  # A future takes none of them.
            outcome = (future.set_exception, RuntimeError(f"{type(error).__name__}: {error}"))
        except BaseException as error:
            outcome = (future.set_exception, error)
        try:
            loop.call_soon_threadsafe(settle, *outcome)
        except RuntimeError:
            pass  # The loop is closed: nobody waits any more.

    threading.Thread(target=run, daemon=True).start()
    return future


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Http:
    """The API of one server, with one token. A path in `url` is kept, so that a server may live under a prefix."""

    def __init__(self, url: str, token: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the url must be the server's address, such as http://127.0.0.1:8787, and not {url!r}")
        self.base = url.rstrip("/") + "/"
        self.token = token
        self.here = parts.hostname == "localhost" or parts.hostname == "::1" or parts.hostname.startswith("127.")
        # The proxies of the environment are never meant for this machine.
        self._opener = urllib.request.build_opener(_NoRedirects, *([urllib.request.ProxyHandler({})] if self.here else []))

    async def call(
        self, method: str, path: str, body: Optional[str] = None, *, kind: str = "application/json", timeout: float = limits.ANSWER
    ) -> Any:
        """The parsed answer. Raises NerveError with the server's problem, or `network`."""
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/json"}
        if body is not None:
            headers["content-type"] = kind
        data = None if body is None else body.encode("utf-8", "surrogatepass")
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        name = f"{method} {path.split('?')[0]}"
        try:
            # The socket's own time-out counts each read; the whole is bounded here.
            return await asyncio.wait_for(in_thread(lambda: self._ask(request, timeout)), timeout)
        except asyncio.TimeoutError as error:
            raise NerveError("network", f"{name}: no answer within {timeout:.0f} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise NerveError("network", f"{name}: {getattr(error, 'reason', None) or error or type(error).__name__}") from error

    def open(
        self, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes] = None, *, timeout: float
    ) -> Any:
        """A response with a body of any kind, to be read and closed in the caller's own thread. Raises NerveError as `call` does."""
        request = urllib.request.Request(
            self.base + path, body, {**headers, "authorization": f"Bearer {self.token}"}, method=method
        )
        try:
            return self._send(request, timeout)
        except (OSError, http.client.HTTPException) as error:
            raise NerveError("network", f"{method} {path}: {getattr(error, 'reason', None) or error}") from error

    def _send(self, request: urllib.request.Request, timeout: float) -> Any:
        try:
            return self._opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise read_refusal(error.code, error.headers, error.read(limits.FRAME_BYTES)) from None

    def _ask(self, request: urllib.request.Request, timeout: float) -> Any:
        with self._send(request, timeout) as response:
            text = response.read(limits.PAGE_BYTES)
        try:
            return json.loads(text) if text else None
        except (ValueError, RecursionError) as error:
            raise NerveError("network", f"{request.full_url} did not answer in JSON; is this a nerveflare server?") from error


def read_refusal(status: int, headers: Any, body: bytes) -> NerveError:
    """The error of an HTTP answer: final only if the server itself says so."""
    try:
        retry_after: Optional[float] = float(headers.get("retry-after") or "")
    except ValueError:
        retry_after = None
    if str(headers.get("content-type") or "").startswith(("application/json", "application/problem+json")):
        try:
            problem = read_problem(json.loads(body))
        except (ValueError, RecursionError):
            problem = None
        if problem is not None and problem.get("status") == status:
            return refuse_by(problem, retry_after)
    code, retryable = _FOREIGN_CODES.get(status, ("unavailable", True))
    said = f"something other than a nerveflare server answered {status}: {body[:200].decode('utf-8', 'replace')}"
    return NerveError(code, said, problem={"code": code, "retryable": retryable}, retry_after=retry_after)
