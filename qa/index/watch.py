"""Watch: when to bring an index in step again, after a change on the disk or by the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path


def rounds(
    paths: Sequence[Path], every_s: float | None, stop: threading.Event | None = None
) -> Iterator[None]:
    """Yields when something under the paths has changed, and as often as is asked.

    Args:
        paths: files and folders to watch; none are watched where there are none.
        every_s: seconds after which to yield in any case; None only yields on changes.
        stop: ends it when set.

    Raises:
        KeyboardInterrupt: somebody pressed Ctrl-C.
    """
    stop = stop or threading.Event()
    if not paths:
        while not stop.wait(every_s):
            yield
        return
    from watchfiles import watch

    # Of a file its folder: many programs write a new file in the place of the old.
    folders = {path if path.is_dir() else path.parent for path in paths}
    wait_ms = 0 if every_s is None else max(1, round(every_s * 1000))
    for _ in watch(
        *folders, watch_filter=None, stop_event=stop, rust_timeout=wait_ms, yield_on_timeout=True
    ):
        yield
