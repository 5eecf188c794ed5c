"""Reading in a process of its own, so that no file can stop or starve whoever wants to read it.

A file of a few hundred bytes can keep a parser busy for ever or fill the memory. So files are read
by a child process, which gets a path a line and answers with a line a result; one that takes too
long or too much is killed, and the file is handed over as a `Failure` that says so. The child stays
for the next file and ends with its parent. Results are JSON: whatever happens in the child, the
parent runs nothing that comes from it. A long text is cut into sentences here as well before it is
handed over, so that the limits hold for that, too.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

from qa.documents.article import Article, PartialDate
from qa.documents.chunks import split
from qa.documents.injection import Flagged
from qa.documents.parsers.fields import Failure, Notice, origin_of
from qa.documents.parsers.files import read
from qa.errors import SourceError

_READ = 65_536
# The child's own libraries, before the first file.
_START_S = 60.0
# Characters: whether a text of more can be cut within the limits is found out here first.
_LONG = 100_000
# By the clock, as against computing.
_WAITING = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take.

    Attributes:
        seconds: of computing until the next article of it is there, so that a busy machine gives
            up on nothing; by the clock, ten times as many.
        megabytes: of memory, in all; where the system can hold a process to that (not on macOS).
    """

    seconds: float = 60.0
    megabytes: int = 3000


@dataclass(frozen=True, slots=True)
class TooMuch(Failure):
    """A file that was given up on; reading it again would end the same way."""


class Child:
    """A process that reads files. One at a time: not to be shared between threads."""

    def __init__(self, limits: Limits, names: Mapping[str, str] | None = None) -> None:
        """
        Args:
            limits: for each file.
            names: see `aliases.prefer`.
        """
        self._limits = limits
        self._names = dict(names or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def read(self, path: Path) -> Iterator[Article | Failure]:
        """As `qa.documents.parsers.read`, within the limits.

        Whoever stops before the end ends the child; the next file gets another.
        """
        process = self._started()
        assert process.stdin is not None
        done = False
        try:
            process.stdin.write(json.dumps(os.fspath(path)).encode() + b"\n")
            process.stdin.flush()
            while (line := self._line(process, self._limits.seconds * _WAITING)) != b"null":
                yield _result(json.loads(line))
            done = True
        except (TimeoutError, BrokenPipeError, EOFError) as exc:
            self.close()
            limits, late = self._limits, isinstance(exc, TimeoutError)
            if late or process.returncode == -getattr(signal, "SIGXCPU", 0):
                yield _too_much(path, f"more than {limits.seconds:g} seconds")
            else:
                yield _too_much(path, f"more than {limits.megabytes} MB of memory, or crashed")
        finally:
            if not done:
                self.close()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process, self._rest = self._process, None, b""
        if process is not None:
            process.kill()
            process.communicate()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            limits = [str(self._limits.megabytes), str(self._limits.seconds)]
            names = json.dumps(self._names)
            command = [sys.executable, "-m", "qa.documents.parsers.isolated", *limits, names]
            self._process = subprocess.Popen(  # noqa: S603 (our own module)
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            ready = self._line(self._process, _START_S)
            assert ready == b"ready", ready
        return self._process

    def _line(self, process: subprocess.Popen[bytes], seconds: float) -> bytes:
        """The next line of the child.

        Raises:
            TimeoutError: it does not come.
            EOFError: the child has ended.
        """
        parts = [self._rest]
        assert process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in parts[-1]:
                if not ready.select(seconds):
                    raise TimeoutError
                got = os.read(process.stdout.fileno(), _READ)
                if not got:
                    raise EOFError
                parts.append(got)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line


def _too_much(path: Path, what: str) -> TooMuch:
    reason = f"reading it took {what}; it is passed over until it changes"
    return TooMuch(origin_of(path), reason)


def _result(sent: dict[str, Any]) -> Article | Failure:
    """What the child sent: an article's fields, or a failure's."""
    if "reason" in sent:
        kind = {kind.__name__: kind for kind in (Failure, Notice, TooMuch)}[sent.pop("kind")]
        return kind(**sent)
    date = PartialDate.parse(sent["date"]) if sent["date"] else None
    return Article(**{**sent, "date": date, "pages": tuple(sent["pages"])})


# In the child.


def _main(megabytes: int, seconds: float, names: Mapping[str, str]) -> None:
    from qa.documents.parsers.aliases import prefer  # not for the parent: it loads parsers

    prefer(names)
    _bound(megabytes)
    results, sys.stdout = sys.stdout.buffer, sys.stderr  # what a library prints is no result
    _send(results, "ready")
    for line in sys.stdin.buffer:
        path = Path(json.loads(line))
        _allow(seconds)
        try:
            for item in read(path):
                if isinstance(item, Article) and len(item.text) > _LONG:
                    item = _tried(item)
                _send(results, _fields(item))
                _allow(seconds)
        except SourceError as exc:  # gone since it was found
            _send(results, _fields(Failure(origin_of(path), str(exc))))
        except MemoryError:
            _send(results, _fields(_too_much(path, f"more than {megabytes} MB of memory")))
        _send(results, None)


def _tried(article: Article) -> Article | Failure:
    """A long article, once it has been cut here; a failure if most of it is copies of the rest.

    A thousand copies of one passage, and Chroma finds no other near a question.
    """
    passages = [chunk.text for chunk in split(article)]
    Flagged.of(article)
    copies = len(passages) - len(set(passages))
    if copies > len(passages) / 2:
        reason = f"it says the same over and over: {copies:,} of {len(passages):,} passages"
        return Failure(article.origin, reason)
    return article


def _send(results: IO[bytes], item: object) -> None:
    line = item if isinstance(item, str) else json.dumps(item)
    results.write(line.encode() + b"\n")
    results.flush()


def _fields(item: Article | Failure) -> dict[str, Any]:
    if isinstance(item, Failure):
        return {**asdict(item), "kind": type(item).__name__}
    return {**asdict(item), "date": str(item.date) if item.date else None}


def _bound(megabytes: int) -> None:
    """Bound this process's memory, and let it end with its parent, where the system can do that."""
    if sys.platform == "win32":
        return
    import resource

    with suppress(ValueError, OSError):  # macOS takes no limit for the address space
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000,) * 2)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _allow(seconds: float) -> None:
    """Let this process compute so long from now; then the system ends it."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1  # whole seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    _main(int(sys.argv[1]), float(sys.argv[2]), json.loads(sys.argv[3]))
