"""Answers that were made, kept so that a turn which is seen again is not performed again."""
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Mapping, Optional, Union

from . import limits
from .bounded import BoundedMap
from .events import Event


class Answers:
    """With a file, a turn is not performed twice even if the process ends between making its answer and having it accepted."""

    def __init__(self, path: Optional[Union[str, "os.PathLike[str]"]]) -> None:
        self._path = Path(path) if path is not None else None
        self._kept: BoundedMap[str, dict[str, Any]] = BoundedMap(limits.ANSWERS)
        if self._path and self._path.exists():
            try:
                stored = json.loads(self._path.read_text(encoding="utf-8"))
                for turn, answer in stored.items():
                    answer["event"]["id"], answer["attempt"]
                    self._kept.set(turn, answer)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{self._path} holds no answers of an agent ({error}); remove it, or give another file") from error

    def find(self, turn: Mapping[str, Any]) -> Optional[Event]:
        """The answer that was made to this giving of the turn. One that failed and is given again is to be tried again."""
        kept = self._kept.get(turn["turn"])
        if kept is None or (kept["event"]["type"] == "nerve.turn.fail" and kept["attempt"] < (turn.get("attempt") or 1)):
            return None
        event: Event = kept["event"]
        return event

    def keep(self, turn: Mapping[str, Any], event: Event) -> None:
        self._kept.set(turn["turn"], {"attempt": turn.get("attempt") or 1, "event": event})
        self._write()

    def forget(self, turn: str) -> None:
        if self._kept.pop(turn) is not None:
            self._write()

    def _write(self) -> None:
        if not self._path:
            return
        new = self._path.with_name(self._path.name + ".new")
        with open(new, "w", encoding="utf-8") as file:
            json.dump({turn: self._kept.get(turn) for turn in self._kept}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self._path)
