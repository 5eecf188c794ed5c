"""Rounds come when files change, and by the clock."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Empty, Queue

import pytest

from qa.index.watch import rounds

PATIENCE_S = 30


@pytest.mark.parametrize("name", ["a.txt", "deeper/a.txt"])
@pytest.mark.parametrize("whole", [True, False], ids=["folder", "file"])
def test_a_change_under_the_paths_begins_a_round(tmp_path: Path, name: str, whole: bool):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("The port closed.")
    stop, seen = threading.Event(), Queue[None]()

    def follow() -> None:
        for _ in rounds([tmp_path if whole else file], None, stop):
            seen.put(None)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    for n in range(1000):  # watching begins a moment later
        file.with_suffix(".new").write_text(f"The port opened {n}.")
        file.with_suffix(".new").replace(file)
        try:
            seen.get(timeout=PATIENCE_S / 1000)
            break
        except Empty:
            continue
    else:
        pytest.fail("no round began")
    stop.set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


@pytest.mark.parametrize("watched", [True, False])
def test_a_round_begins_by_the_clock(tmp_path: Path, watched: bool):
    stop = threading.Event()
    times = rounds([tmp_path] if watched else [], 0.01, stop)
    assert [next(times), next(times)] == [None, None]
    stop.set()
    assert list(times) == []
