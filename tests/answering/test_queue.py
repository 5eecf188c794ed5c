"""The queue: first come, first served, everybody knows his place, nobody waits for ever."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

from qa.answering.queue import Place, Queue


def test_two_are_served_and_the_others_have_numbers() -> None:
    queue = Queue(2)
    with ExitStack() as stack:
        numbers = [stack.enter_context(queue.join()).number for _ in range(5)]
        assert numbers == [0, 0, 1, 2, 3]
        assert len(queue) == 5
    assert len(queue) == 0


def test_places_move_up_in_the_order_of_coming() -> None:
    queue = Queue(1)
    served: list[str] = []
    joined, go, told = threading.Event(), threading.Event(), threading.Semaphore(0)

    def person(name: str, place: Place, numbers: list[int]) -> None:
        for number in place.wait(30):
            if number not in numbers:
                numbers.append(number)
                told.release()
        served.append(name)
        told.release()

    with ExitStack() as stack:
        first = stack.enter_context(queue.join())

        def stand(name: str, numbers: list[int]) -> None:
            with queue.join() as place:
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
        assert told.acquire(timeout=10)
        assert told.acquire(timeout=10)  # both have their numbers
    assert told.acquire(timeout=10)
    assert told.acquire(timeout=10)  # the second is served, the third moves up
    assert served == ["second"]
    go.set()
    for thread in threads:
        thread.join(10)
    assert served == ["second", "third"]
    assert seen == {"second": [1], "third": [2, 1]}


def test_who_has_waited_long_enough_is_told() -> None:
    queue = Queue(1)
    with queue.join(), queue.join() as place:
        started = time.monotonic()
        assert set(place.wait(0.2)) == {1}
        assert 0.2 <= time.monotonic() - started < 2
        assert place.number == 1
    with queue.join() as place:
        assert place.number == 0


def test_a_waiting_reader_can_leave() -> None:
    """A generator is closed where it yields, so it yields though nothing changes."""
    queue = Queue(1)
    with queue.join():
        with queue.join() as place:
            waiting = place.wait(60)
            assert [next(waiting) for _ in range(3)] == [1, 1, 1]
        assert len(queue) == 1
