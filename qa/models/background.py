"""A download in the background, for a page that shows how far it is."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from qa.errors import QAError
from qa.models.catalogue import Model
from qa.models.download import pull
from qa.settings import Settings


@dataclass(frozen=True)
class PullState:
    """How far a download is.

    Attributes:
        fraction: 0 to 1.
        note: what is going on, in words.
        error: what went wrong, in words that say what to do; None while nothing did.
        done: it has ended, well or with an error.
    """

    fraction: float = 0.0
    note: str = ""
    error: str | None = None
    done: bool = False


class PullJob:
    """A running or finished download. `state` may be read from any thread."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self.model = model
        self._settings = settings
        self._state = PullState(note=f"{model.name}: starting")
        self._lock = threading.Lock()
        # A daemon: the process may end at any time, and the next download goes on from there.
        self._thread = threading.Thread(target=self._run, name=f"pull-{model.name}", daemon=True)
        self._thread.start()

    @property
    def state(self) -> PullState:
        """How far it is now; the object returned does not change any more."""
        with self._lock:
            return self._state

    def wait(self, timeout: float | None = None) -> PullState:
        """Wait until it has ended, at most `timeout` seconds, and return the state then."""
        self._thread.join(timeout)
        return self.state

    def _run(self) -> None:
        error = "the download stopped unexpectedly; the log has the reason"
        try:
            pull(self.model, self._settings, self._progress)
        except QAError as exc:
            error = str(exc)
        else:
            error = ""
        finally:  # also for a bug, whose traceback goes on to the thread's hook
            self._set(error=error or None, done=True)

    def _progress(self, done: int, total: int, note: str) -> None:
        self._set(fraction=done / total, note=note)

    def _set(self, **changes: object) -> None:
        with self._lock:
            self._state = replace(self._state, **changes)  # type: ignore[arg-type]


def background_pull(model: Model, settings: Settings) -> PullJob:
    """Start `pull` in a thread of its own."""
    return PullJob(model, settings)
