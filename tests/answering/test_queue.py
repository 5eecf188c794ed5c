"""The line: first come, first served, everybody knows his place, nobody waits for ever."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

from qa.answering.queue import Place, Queue


def test_two_are_served_and_the_others_have_numbers() -> None:
    line = Queue(2)
    with ExitStack() as stack:
        numbers = [stack.enter_context(line.join()).number for _ in range(5)]
        assert numbers == [0, 0, 1, 2, 3]
        assert len(line) == 5
    assert len(line) == 0


def test_places_move_up_in_the_order_of_coming() -> None:
    line = Queue(1)
    served: list[str] = []
    joined, go = threading.Event(), threading.Event()

    def person(name: str, place: Place, numbers: list[int]) -> None:
        numbers += list(dict.fromkeys(place.wait(10)))
        served.append(name)

    with ExitStack() as stack:
        first = stack.enter_context(line.join())

        def stand(name: str, numbers: list[int]) -> None:
            with line.join() as place:
                joined.set()
                person(name, place, numbers)
                go.wait(10)

        seen: dict[str, list[int]] = {}
        threads = []
        for name in ("second", "third"):
            joined.clear()
            seen[name] = []
            threads.append(threading.Thread(target=stand, args=(name, seen[name])))
            threads[-1].start()
            assert joined.wait(5)
        assert list(first.wait(10)) == []
        assert served == []
        time.sleep(0.7)  # a beat passes, so that the numbers have been read
    time.sleep(0.7)
    assert served == ["second"]
    go.set()
    for thread in threads:
        thread.join(10)
    assert served == ["second", "third"]
    assert seen == {"second": [1], "third": [2, 1]}


def test_who_has_waited_long_enough_is_told() -> None:
    line = Queue(1)
    with line.join(), line.join() as place:
        started = time.monotonic()
        assert set(place.wait(0.2)) == {1}
        assert 0.2 <= time.monotonic() - started < 2
        assert place.number == 1
    with line.join() as place:
        assert place.number == 0


def test_a_waiting_reader_can_leave() -> None:
    """A generator is closed where it yields, so it yields though nothing changes."""
    line = Queue(1)
    with line.join():
        with line.join() as place:
            waiting = place.wait(60)
            assert [next(waiting) for _ in range(3)] == [1, 1, 1]
        assert len(line) == 1
