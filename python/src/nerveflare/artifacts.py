"""Brings what is larger than an output may be to the server, and fetches it, over lines that break: what is stored is not sent twice."""
from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import io
import json
import mimetypes
import os
import random
import tempfile
import time
import urllib.parse
from typing import Any, BinaryIO, Callable, Iterator, Mapping, Optional, TypeVar, Union

from . import limits
from .backoff import compute_backoff
from .errors import NerveError
from .http import Http

T = TypeVar("T")
Content = Union[str, bytes, "os.PathLike[str]"]
Reference = Mapping[str, Any]


class Artifacts:
    """Puts and fetches artifacts. Each call blocks until it is done: a handler in a thread calls it as it is, an `async` one by
    `await asyncio.to_thread(turn.artifacts.put, …)`. Raises NerveError with the server's problem, or `network` where it gets no further."""

    def __init__(self, http: Http, random: Callable[[], float] = random.random, sleep: Callable[[float], None] = time.sleep) -> None:
        self._http, self._random, self._sleep = http, random, sleep

    def put(self, content: Content, *, type: Optional[str] = None, name: Optional[str] = None) -> dict[str, Any]:
        """Uploads a text, bytes, or the file at a path (`pathlib.Path`), of which a few megabytes are in memory at a time. What it returns
        goes into an output or an event. `type` is its media type; that of a file is told by its name."""
        with _open(content) as file:
            size, digest = _measure(file)
            if isinstance(content, os.PathLike):
                name = name or os.path.basename(os.fspath(content))
            usual = "text/plain; charset=utf-8" if isinstance(content, str) else mimetypes.guess_type(name or "")[0]
            headers = {
                "content-type": type or usual or "application/octet-stream",
                "repr-digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
                "upload-length": str(size),
                "upload-complete": "?1" if size <= limits.PART_BYTES else "?0",
            }
            if name is not None:
                headers["content-disposition"] = f"attachment; filename*=UTF-8''{urllib.parse.quote(name, '', errors='replace')}"
            if size <= limits.PART_BYTES:
                return self._retry(lambda: _read_json(self._ask("POST", "v1/artifacts", headers, _read_at(file, 0, size))))
            begun = self._retry(lambda: self._ask("POST", "v1/artifacts", headers, b"")[0])
            return self._send_parts(str(begun["location"]).lstrip("/"), file, size)

    def read(self, reference: Reference) -> bytes:
        """All of an artifact, its hash checked."""
        found = io.BytesIO()
        self._fetch(reference, found)
        return found.getvalue()

    def save(self, reference: Reference, path: Union[str, "os.PathLike[str]"]) -> None:
        """Writes an artifact to a file, which is there in full, its hash checked, or not at all."""
        folder, name = os.path.split(os.path.abspath(os.fspath(path)))
        handle, draft = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        try:
            with os.fdopen(handle, "w+b") as file:
                self._fetch(reference, file)
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise

    def _send_parts(self, upload: str, file: BinaryIO, size: int) -> dict[str, Any]:
        """Sends the rest from where the server has it; each part that comes through is progress."""
        offset = failures = 0
        while True:
            end = min(size, offset + 2 * limits.PART_BYTES)
            headers = {
                "upload-offset": str(offset),
                "upload-complete": "?1" if end == size else "?0",
                "content-type": "application/partial-upload",
            }
            try:
                answer = self._ask("PATCH", upload, headers, _read_at(file, offset, end))
                if answer[1]:
                    return _read_json(answer)
                offset, failures = int(answer[0]["upload-offset"]), 0
            except NerveError as error:
                failures += 1
                if not (_may_go_better(error) or error.code == "upload_offset") or failures >= limits.ARTIFACT_TRIES:
                    raise
                self._wait(failures - 1, error)
                stored = int(self._retry(lambda: self._ask("HEAD", upload, {})[0])["upload-offset"])
                if stored > offset:
                    failures = 0
                offset = stored

    def _fetch(self, reference: Reference, into: BinaryIO) -> None:
        id = str(reference["$artifact"])
        digest, offset, failures = hashlib.sha256(), 0, 0
        while True:
            try:
                headers = {"range": f"bytes={offset}-"} if offset else {}
                with self._http.open("GET", f"v1/artifacts/{id}", headers, timeout=limits.ARTIFACT) as response:
                    length = response.headers["content-length"]
                    total = offset + int(length) if length else 0
                    while piece := self._read_piece(response):
                        into.write(piece)
                        digest.update(piece)
                        offset, failures = offset + len(piece), 0
                if offset < total:
                    raise NerveError("network", f"the artifact {id} broke off at {offset} of {total} bytes")
                break
            except NerveError as error:
                failures += 1
                # Of a thread that was just given, the index may come to know a moment later.
                if not (_may_go_better(error) or error.code == "not_found") or failures >= limits.ARTIFACT_TRIES:
                    raise
                self._wait(failures - 1, error)
        if f"sha256:{digest.hexdigest()}" != id:
            raise NerveError("network", f"what was read of {id} hashes to sha256:{digest.hexdigest()}")

    @staticmethod
    def _read_piece(response: Any) -> bytes:
        try:
            piece: bytes = response.read(64 * 1024)
            return piece
        except http.client.IncompleteRead as error:
            return error.partial
        except (OSError, http.client.HTTPException) as error:
            raise NerveError("network", f"reading an artifact: {error}") from error

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes] = None) -> tuple[Any, bytes]:
        """The headers and the body of an answer."""
        try:
            with self._http.open(method, path, headers, body, timeout=limits.ARTIFACT) as response:
                return response.headers, response.read(limits.FRAME_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise NerveError("network", f"{method} {path}: {error}") from error

    def _retry(self, work: Callable[[], T]) -> T:
        for attempt in range(limits.ARTIFACT_TRIES - 1):
            try:
                return work()
            except NerveError as error:
                if not _may_go_better(error):
                    raise
                self._wait(attempt, error)
        return work()

    def _wait(self, attempt: int, error: NerveError) -> None:
        self._sleep(max(compute_backoff(attempt, self._random), min(error.retry_after or 0.0, limits.BACKOFF_MAX)))


@contextlib.contextmanager
def _open(content: Content) -> Iterator[BinaryIO]:
    if isinstance(content, os.PathLike):
        with open(content, "rb") as file:
            yield file
    else:
        yield io.BytesIO(content.encode("utf-8") if isinstance(content, str) else content)


def _measure(file: BinaryIO) -> tuple[int, bytes]:
    digest, size = hashlib.sha256(), 0
    while piece := file.read(1024 * 1024):
        digest.update(piece)
        size += len(piece)
    return size, digest.digest()


def _read_at(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def _may_go_better(error: NerveError) -> bool:
    return error.code in ("network", "unavailable", "starting", "rate_limited")


def _read_json(answer: tuple[Any, bytes]) -> dict[str, Any]:
    try:
        reference: dict[str, Any] = json.loads(answer[1])
        return reference
    except ValueError as error:
        raise NerveError("network", "the upload was not answered in JSON; is this a nerveflare server?") from error
