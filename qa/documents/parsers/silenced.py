"""Quiet: a library's warnings and log lines about a broken file stay off the terminal.

What matters of them is said once, by the `Failure` that the reader makes. Not to be held
across a `yield`: the caller's own warnings would be silenced too.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_NEVER = logging.CRITICAL + 1


@contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Silence warnings, and the named libraries' loggers, until the block ends."""
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger, _ in before:
            logger.setLevel(_NEVER)
        try:
            yield
        finally:
            for logger, level in before:
                logger.setLevel(level)
