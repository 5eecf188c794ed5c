"""Ray engine: files are read and chunks analysed by the machines of a Ray cluster.

The driver decides what changed, in the order of the files, and is the only one that writes; so the
index is the same as without a cluster. Tasks read some files ahead, each in a child with limits
(see `isolated`), and hand over some articles at a time; others make terms and vectors of chunks.
What a lost worker was doing, Ray has another do again.

They are tasks and not actors: an actor belongs to one place, and when its machine is gone, and all
other places are taken, what it was to do is never done.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import platform
import secrets
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qa.documents.article import Article
from qa.documents.parsers import Failure
from qa.documents.parsers.fields import origin_of
from qa.documents.parsers.isolated import Child
from qa.errors import ClusterError, MissingExtra, ModelError, SourceError
from qa.index import build
from qa.index.build import Analysed, Cut, PassageEmbedder
from qa.index.directory import EmbedderIdentity
from qa.models.offline import go_offline
from qa.models.onnx_session import cores
from qa.settings import Settings

Opener = Callable[[Settings], PassageEmbedder]

# What a task hands over at once, and how often it does so before it waits for the driver.
_ARTICLES = 64
_CHARS = 500_000
_WAITING = 2
# What one task reads: a task of its own takes longer than a small file.
_FILES = 32
_BYTES = 1_000_000
# Of one task whose worker is lost; one that ends every worker is given up on.
_TRIES = 5
_REACH_S = 10.0
# Ray tells its makers nothing, and itself no more than is asked.
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
# A cluster that is started here listens on loopback only, and to nobody else of this machine. Ray
# reads this while it is imported.
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
# Also without usage statistics, Ray asks the addresses of three clouds whether it runs in them.
_NOBODY = {"http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1,localhost"}


def need_ray() -> None:
    """Say so when Ray is not installed.

    Raises:
        MissingExtra: it is not.
    """
    if importlib.util.find_spec("ray") is None:
        raise MissingExtra("ray", "ray", "indexing on Ray")


class RayEngine:
    """An `Engine` on the cluster that RAY_ADDRESS names, else on one of this machine's cores.

    A connection that is there already (`ray.init`) is used, and stays.
    """

    def __init__(
        self, settings: Settings, embedder: EmbedderIdentity, opener: Opener | None = None
    ) -> None:
        """
        Args:
            settings: what reading a file may take, and the embedder of each worker; a model has one
                thread unless they say otherwise.
            embedder: the one that the workers' must be.
            opener: opens it on a worker; `Embedder.open` if None.
        Raises:
            MissingExtra: Ray is not installed.
            ClusterError: the cluster cannot be reached.
        """
        need_ray()
        self._folder: TemporaryDirectory[str] | None = None
        self._connect()
        threads = settings.threads or 1
        # Nobody there logs in, asks the API, or writes.
        unneeded = dict.fromkeys(("api_key", "logins", "database_url"))
        settings = settings.model_copy(update={"threads": threads, **unneeded})
        workers = max(1, int(self._ray.cluster_resources().get("CPU", 1)) // threads)
        self._tasks = workers  # that read at the same time
        self._readings = deque[_Reading]()
        self.files_ahead = workers * _FILES
        # Two slices for each worker, so that none waits for the driver.
        self.batches_ahead = 1 + 2 * workers * build._EMBED_AT_ONCE // build._BATCH_CHUNKS
        reading = self._ray.remote(
            num_cpus=0,  # beside those that embed, or it would wait for them
            scheduling_strategy="SPREAD",
            max_retries=_TRIES,
            num_returns="streaming",
            _generator_backpressure_num_objects=_WAITING,
        )(_read)
        # With a variable of their own, they get processes of their own: models are large.
        env = {"env_vars": {"OMP_NUM_THREADS": str(threads)}}
        analysing = self._ray.remote(num_cpus=threads, max_retries=_TRIES, runtime_env=env)(
            _analyse
        )
        self._begin_reading: Callable[[list[Path]], Any] = partial(reading.remote, settings)
        self._begin_analysing: Callable[[Cut], Any] = partial(
            analysing.remote, opener, settings, embedder.fingerprint
        )

    def _connect(self) -> None:
        address = os.environ.get("RAY_ADDRESS")
        os.environ.update(_QUIET)
        late = "ray" in sys.modules and not _ALONE.items() <= os.environ.items()
        if not (address or late):
            os.environ.update(_ALONE)
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        self._ray: Any = importlib.import_module("ray")
        self._own = not self._ray.is_initialized()
        if not self._own:
            return
        if late and not address:
            raise ClusterError(
                "this program has imported ray already, so a cluster that is started now could be "
                "reached from elsewhere: call ray.init() first, or set RAY_ADDRESS."
            )
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if address:
            options["address"] = address
        else:
            # Sockets have short names: not where a long TMPDIR says.
            self._folder = TemporaryDirectory(
                prefix="qa-ray-", dir="/tmp", ignore_cleanup_errors=True
            )
            options |= {"address": "local", "include_dashboard": False, "num_cpus": cores()}
            options["_temp_dir"] = self._folder.name
        try:
            if address and address != "auto":
                _reach(address)  # Ray itself tries for minutes, then ends the process
            with _environ({} if address else _NOBODY):
                self._ray.init(**options)
        except (OSError, ValueError, RuntimeError) as exc:
            self.close()
            where = f"at {address!r} (RAY_ADDRESS) cannot be used" if address else "did not start"
            raise ClusterError(
                f"the Ray cluster {where}: {exc}. Start one with `ray start --head` and give its "
                "HOST:PORT, or unset RAY_ADDRESS to use this machine's cores."
            ) from exc

    def read(self, file: Path) -> Iterator[Article | Failure]:
        """See `Engine`; files have to be gone through in the order of the calls."""
        if not self._readings or self._readings[-1].is_full:
            self._readings.append(_Reading())
        reading = self._readings[-1]
        reading.files.append(file)
        reading.bytes += file.stat().st_size if file.exists() else 0
        reading.is_full = len(reading.files) == _FILES or reading.bytes > _BYTES
        self._start()
        return self._items(reading, file)

    def analyse(self, cut: Cut) -> Callable[[], list[Analysed]]:
        """See `Engine`."""
        begun = self._begin_analysing(cut)
        return lambda: self._result(begun)

    def close(self) -> None:
        """See `Engine`."""
        if self._own:
            self._ray.shutdown()
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def _start(self) -> None:
        """Begin with the first files that are full tasks."""
        for reading in islice(self._readings, self._tasks):
            if reading.is_full and reading.items is None:
                groups = self._begin_reading(reading.files)
                reading.items = chain.from_iterable(map(self._result, groups))

    def _items(self, reading: _Reading, file: Path) -> Iterator[Article | Failure]:
        reading.is_full = True  # nothing else may come before it is wanted
        self._start()
        assert reading.items is not None
        for item in iter(reading.items.__next__, None):
            if isinstance(item, SourceError):
                if file.exists():
                    raise item
                item = Failure(origin_of(file), str(item))  # gone since it was found
            yield item
        if file is reading.files[-1]:
            self._readings.popleft()
            self._start()

    def _result(self, coming: Any) -> Any:
        """What a task has made; what was raised there is raised here."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(coming)
        except errors.RayTaskError as exc:
            raise exc.cause from exc
        except errors.RayError as exc:
            words = str(exc).strip().rstrip(".")
            raise ClusterError(
                f"Ray has given up: {words}. Nothing is lost: mend the cluster and run it again."
            ) from exc


@dataclass
class _Reading:
    """Files that one task reads, one after the other.

    Attributes:
        files: those that have been given to it.
        bytes: in them.
        is_full: whether it gets no more.
        items: once it has been begun, what is in the files, with a None after each.
    """

    files: list[Path] = field(default_factory=list)
    bytes: int = 0
    is_full: bool = False
    items: Iterator[Any] | None = None


@contextmanager
def _environ(values: Mapping[str, str]) -> Iterator[None]:
    """Variables for the processes that are started in a block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _reach(address: str) -> None:
    host, _, port = address.rpartition(":")
    if "://" in address or not port.isdecimal():
        raise ValueError("it is no HOST:PORT; `qa` has to run on a machine of the cluster")
    socket.create_connection((host.strip("[]"), int(port)), _REACH_S).close()


# On the workers.


def _read(settings: Settings, files: Sequence[Path]) -> Iterator[list[Any]]:
    """What files hold, some at a time: always the same, as a task that is done again must be."""
    group: list[Any] = []
    for item in _contents(settings, files):
        group.append(item)
        chars = sum(len(some.text) for some in group if isinstance(some, Article))
        if len(group) == _ARTICLES or chars > _CHARS:
            yield group
            group = []
    yield group


def _contents(
    settings: Settings, files: Sequence[Path]
) -> Iterator[Article | Failure | SourceError | None]:
    """What files hold, with a None after each."""
    for file in files:
        if file.exists():
            yield from _child(settings).read(file)
        else:
            yield SourceError(
                f"{str(file)!r} is not there on the machine {platform.node()}: every machine of "
                "the cluster must see the files under the same path."
            )
        yield None


def _analyse(
    opener: Opener | None, settings: Settings, fingerprint: str, cut: Cut
) -> list[Analysed]:
    """Terms and vectors of chunks, with the embedder that the driver has."""
    embedder = _embedder(opener, settings)
    if embedder.fingerprint != fingerprint:
        raise ModelError(
            f"the embedder {embedder.name} of the machine {platform.node()} has other weights. "
            "Every machine of the cluster needs the same: `qa models verify` there."
        )
    return list(zip(build.chunk_terms(cut), build.embedded(embedder, cut), strict=True))


@cache
def _child(settings: Settings) -> Child:
    """One for each process, which keeps it."""
    return build.reading_child(settings)


@cache
def _embedder(opener: Opener | None, settings: Settings) -> PassageEmbedder:
    """One for each process, which keeps it."""
    go_offline()
    from qa.models import Embedder

    try:
        return (opener or Embedder.open)(settings)
    except ModelError as exc:
        raise ModelError(f"on the machine {platform.node()}: {exc}") from exc
