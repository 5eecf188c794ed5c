"""Chroma: one vector per chunk in Chroma, in the index directory or on a Chroma server.

Owns everything Chroma: nothing of its types leaves this module, distances become similarities
here, and its telemetry is off. Chunk text is not kept here; `archive` has it.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import urlparse

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from qa.documents.filters import Filters, day_number, source_key
from qa.errors import IndexUnusable, is_panic
from qa.index.matrix import ChunkVector

if TYPE_CHECKING:
    import numpy as np
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection
    from chromadb.config import Settings as ChromaSettings

# Cosine space, and a wide beam: a question takes few candidates, and recall is what counts. Vectors
# that came since its last sync Chroma puts in anew whenever it is opened, 1 to 2 ms each: with its
# own threshold of 1,000 that was up to 1.6 s of processor time before the first question.
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_construction": 128,
    "max_neighbors": 24,
    "ef_search": 300,
    "sync_threshold": 100,
}
_UNDATED = 0  # below every date
# A server that does not answer is asked again for so long: it may only be starting again.
_PATIENCE_S = 10.0
_CONNECT_S, _ANSWER_S = 3.0, 30.0
_OPENING = threading.Lock()

T = TypeVar("T")


class ChromaIndex:
    """A Chroma collection of chunk vectors. Similarities are cosines, higher is better."""

    def __init__(self, client: Client, name: str, *, on_server: bool = False) -> None:
        self._client = client
        self._on_server = on_server
        self._name = name
        self._collection = self._opened()

    def _opened(self) -> Collection:
        return self._client.get_or_create_collection(
            self._name,
            configuration={"hnsw": _HNSW},
            embedding_function=None,
        )

    @classmethod
    def open(cls, directory: Path, url: str | None = None, name: str = "chunks") -> Self:
        """Open the collection, creating it when it is not there.

        Args:
            directory: where Chroma keeps its files; unused when `url` is given.
            url: a Chroma server such as `http://127.0.0.1:8000`. Chroma's own variables count for
                a token and for the authorities whose certificates are trusted (docs/servers.md).
            name: the collection; on a server several indexes may share one database.

        Raises:
            IndexUnusable: the server does not answer, or the files are damaged.
        """
        import chromadb
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings
        from chromadb.errors import ChromaError

        quiet = Settings(anonymized_telemetry=False)
        path = str(directory)
        if url is None:
            try:
                with _OPENING:
                    # Within a process Chroma shares by its spelling what is open of a folder, with
                    # all that it has read. Another spelling reads the files as they are now.
                    while path in SharedSystemClient._identifier_to_system:
                        path += "/."
                    client = chromadb.PersistentClient(path, settings=quiet)
                return cls(cast("Client", client), name)
            except BaseException as exc:
                known = (ChromaError, ValueError, AttributeError, OSError)
                if not (isinstance(exc, known) or is_panic(exc)):
                    raise
                # After a damaged file Chroma fails to clean up (the AttributeError) and would
                # hand out what it failed to open for as long as this process lives.
                SharedSystemClient._identifier_to_system.pop(path, None)
                raise IndexUnusable(
                    f"Chroma cannot open {directory}: {exc.__context__ or exc}. See that the disk "
                    "has room and that this user may write there; if it has, have it made again "
                    "with `qa doctor --repair`."
                ) from exc
        with _translated():
            return cls(_remote(url, quiet), name, on_server=True)

    @classmethod
    def drop(cls, url: str, name: str) -> None:
        """Delete a collection of a server; one that is not there is passed over.

        Raises:
            IndexUnusable: the server does not answer.
        """
        store = cls.open(Path(), url, name)
        with _translated():
            store._client.delete_collection(name)
        store.close()

    def put(self, chunks: Sequence[ChunkVector]) -> None:
        """Add or replace chunks."""
        import numpy as np

        with _translated():
            size = self._client.get_max_batch_size()
            for start in range(0, len(chunks), size):
                part = chunks[start : start + size]
                self._ask(
                    "upsert",
                    ids=[chunk.id for chunk in part],
                    embeddings=np.stack([chunk.vector for chunk in part]).astype(np.float32),
                    metadatas=[_metadata(chunk) for chunk in part],
                )

    def delete(self, ids: Sequence[str]) -> None:
        """Remove chunks; ids that are not there are passed over."""
        with _translated():
            size = self._client.get_max_batch_size()
            for start in range(0, len(ids), size):
                self._ask("delete", ids=list(ids[start : start + size]))

    def empty(self) -> None:
        """Remove all chunks, whatever state the files of their vectors are in."""
        with _translated():
            self._client.delete_collection(self._name)
            self._collection = self._opened()

    def nearest(
        self, vector: np.ndarray, n: int, filters: Filters, within: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """The chunks nearest to a vector: (chunk id, cosine), best first.

        Args:
            vector: (d,), unit length.
            n: how many at most.
            filters: which articles; those that they choose one by one are told by `within`.
            within: the only chunks that count, ids that the collection holds; None means all.
        """
        if within is not None and not within:
            return []
        with _translated():
            result = self._ask(
                "query",
                query_embeddings=[vector],
                n_results=n,
                ids=None if within is None else list(within),
                where=_where(filters),
                include=["distances"],
            )
        distances = result["distances"] or [[]]
        return [
            (id, 1.0 - distance)
            for id, distance in zip(result["ids"][0], distances[0], strict=True)
        ]

    def ids(self) -> set[str]:
        """Every chunk id in the collection."""
        with _translated():
            return set(self._ask("get", include=[])["ids"])

    def vectors(self, ids: Sequence[str]) -> dict[str, np.ndarray]:
        """The vectors of those of the chunks that the collection holds, (d,) each."""
        with _translated():
            found = self._ask("get", ids=list(ids), include=["embeddings"])
        vectors = found["embeddings"]
        assert vectors is not None
        return dict(zip(found["ids"], cast("np.ndarray", vectors), strict=True))

    def count(self) -> int:
        """How many chunks it holds."""
        with _translated():
            return int(self._ask("count"))

    def _ask(self, what: str, **arguments: Any) -> Any:
        from chromadb.errors import NotFoundError

        try:
            return _patiently(getattr(self._collection, what), **arguments)
        except NotFoundError:
            if not self._on_server:
                raise
            # It has lost it, and somebody may have made it anew since.
            self._collection = self._opened()
            return _patiently(getattr(self._collection, what), **arguments)

    def close(self) -> None:
        """Release the files, so that another process may replace them, or the connections."""
        self._client.close()
        for side in (self._client, self._client._admin_client):
            session = getattr(getattr(side, "_server", None), "_session", None)
            if session is not None:  # Chroma leaves its connections to a server open
                session.close()


@contextmanager
def _translated() -> Iterator[None]:
    """What Chroma raises while it works, in words that say what to do."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except BaseException as exc:
        # Its Rust part raises RuntimeError where a file is not what it should be.
        if not (isinstance(exc, (ChromaError, httpx.HTTPError, RuntimeError)) or is_panic(exc)):
            raise
        raise IndexUnusable(
            f"Chroma failed: {exc}. If QA_CHROMA_URL names a server, see that it runs; otherwise "
            "see that the disk has room, and mend the index with `qa doctor --repair`."
        ) from exc


def _patiently(ask: Callable[..., T], /, **arguments: Any) -> T:
    """What Chroma answers; a server that cannot be reached is asked again, at growing intervals.

    Only for what may be asked twice.
    """
    import httpx

    again = Retrying(
        retry=retry_if_exception_type(httpx.TransportError),
        wait=wait_random_exponential(0.1, max=1.0),
        stop=stop_after_delay(_PATIENCE_S),
        reraise=True,
    )
    return again(ask, **arguments)


def _remote(url: str, settings: ChromaSettings) -> Client:
    """A client of the server at `url`."""
    import chromadb
    import httpx
    from chromadb.errors import ChromaError

    parts = urlparse(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise IndexUnusable(f"chroma_url is {url!r}; it should look like http://127.0.0.1:8000.")
    port = parts.port or (443 if parts.scheme == "https" else 8000)
    limits = httpx.Timeout(_ANSWER_S, connect=_CONNECT_S)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    alive = f"{parts.scheme}://{host}:{port}/api/v2/heartbeat"
    try:
        # Chroma's own client waits for ever for a server that takes a connection and says nothing.
        trusted = settings.chroma_server_ssl_verify
        verify = ssl.create_default_context(cafile=trusted) if isinstance(trusted, str) else trusted
        _patiently(httpx.get, url=alive, timeout=limits, verify=True if verify is None else verify)
        client = chromadb.HttpClient(
            host=parts.hostname,
            port=port,
            ssl=parts.scheme == "https",
            settings=settings,
        )
    except (ChromaError, httpx.HTTPError, ValueError, OSError) as exc:
        raise IndexUnusable(
            f"no Chroma server answers at {url}: {exc}. Start it with `chroma run`, "
            "or unset QA_CHROMA_URL to keep Chroma inside the index."
        ) from exc
    for side in (cast("Any", client), client._admin_client):  # type: ignore[attr-defined]
        side._server._session.timeout = limits
    return cast("Client", client)


def _metadata(chunk: ChunkVector) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "first": day_number(chunk.date.first) if chunk.date else _UNDATED,
        "last": day_number(chunk.date.last) if chunk.date else _UNDATED,
        "language": chunk.language,
    }
    if chunk.source:  # left out when unknown: no filter's source is equal to nothing
        metadata["source"] = source_key(chunk.source)
    return metadata


def _where(filters: Filters) -> dict[str, Any] | None:
    conditions: list[dict[str, Any]] = []
    if filters.since:
        conditions.append({"last": {"$gte": day_number(filters.since)}})
    if filters.until:
        conditions.append({"first": {"$lte": day_number(filters.until)}})
        conditions.append({"first": {"$gt": _UNDATED}})
    if filters.sources:
        conditions.append({"source": {"$in": list(filters.source_keys)}})
    if filters.language:
        conditions.append({"language": filters.language})
    if len(conditions) > 1:
        return {"$and": conditions}
    return conditions[0] if conditions else None
