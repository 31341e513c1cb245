"""A map that forgets its oldest members: for what is worth remembering but must not grow for ever."""
from __future__ import annotations

from collections import OrderedDict
from typing import Generic, Iterator, Optional, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedMap(Generic[K, V]):
    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._entries: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        return iter(list(self._entries))

    def get(self, key: K) -> Optional[V]:
        return self._entries.get(key)

    def set(self, key: K, value: V) -> None:
        """Sets a key and makes it the youngest; beyond the bound the oldest is forgotten."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._bound:
            self._entries.popitem(last=False)

    def pop(self, key: K) -> Optional[V]:
        return self._entries.pop(key, None)
