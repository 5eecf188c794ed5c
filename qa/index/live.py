"""Live: an index that follows the runs of other processes, on other machines too."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from qa.errors import IndexUnusable
from qa.index.directory import EmbedderIdentity, Index
from qa.index.shared import Follower, follow
from qa.settings import Settings

# A question that a run overtakes is asked again, at most so often in all.
_MOST_TRIES = 5

T = TypeVar("T")


class LiveIndex:
    """An index that follows the runs of other processes: it is opened again after each.

    Chroma keeps what it has read in memory and never looks at the files again, so a reader that
    stays open would miss, and mix up, what another process wrote. The new one is opened before the
    old one is given up, which is closed when its last reader is done.
    """

    def __init__(self, directory: Path, embedder: EmbedderIdentity, settings: Settings) -> None:
        follow(settings)
        self._open = partial(Index.open, directory, embedder, settings)
        self._index: Index | None = self._open()
        self._follower = Follower.of(settings)
        self._readers = Counter[int]()  # by the identity of the index that they read
        self._lock = threading.Lock()

    @contextmanager
    def current(self) -> Iterator[Index]:
        """The index as the last completed run left it; it stays open while the block runs.

        Raises:
            IndexUnusable: it has changed and cannot be opened; asked again, it is tried again.
        """
        with self._lock:
            old = self._index
            if old is None or old.stale():
                self._index = self._open()
                self._close_unread(old)
            index = self._index
            assert index is not None
            self._readers[id(index)] += 1
        try:
            yield index
        finally:
            with self._lock:
                self._readers[id(index)] -= 1
                if index is not self._index:
                    self._close_unread(index)

    def _close_unread(self, index: Index | None) -> None:
        if index and not self._readers[id(index)]:
            del self._readers[id(index)]
            index.close()

    def read(self, work: Callable[[Index], T]) -> T:
        """What `work` makes of the index, all of one state: asked again when a run came between."""
        for _ in range(_MOST_TRIES):
            with self.current() as index:
                try:
                    result = work(index)
                except IndexUnusable:
                    if not index.stale():
                        raise
                    continue
                if not index.stale():
                    return result
        raise IndexUnusable("the index changes all the time; ask again in a moment.")

    def close(self) -> None:
        """Release the files, once the last reader is done."""
        if self._follower:
            self._follower.close()
        with self._lock:
            index, self._index = self._index, None
            self._close_unread(index)
