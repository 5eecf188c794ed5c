"""The vector store: one contract, kept by embedded Chroma and by a Chroma server."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import numpy as np
import pytest

from qa.documents.filters import Filters
from qa.errors import IndexUnusable
from qa.index.build import index_paths
from qa.index.chroma import ChromaIndex
from qa.index.directory import Manifest
from qa.index.doctor import examine
from qa.index.live import LiveIndex
from qa.index.matrix import ChunkVector
from qa.search.retriever import HybridRetriever
from qa.settings import Settings
from tests.fakes import ARTICLE_COUNT, BagOfWords


@contextmanager
def chroma_server(folder: Path, port: int = 0) -> Iterator[str]:
    """A Chroma server on the loopback interface, on any free port if none is named; its address."""
    with closing(socket.create_server(("127.0.0.1", port))) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--path", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{url}/api/v2/heartbeat").raise_for_status()
                break
            except httpx.HTTPError:
                assert time.monotonic() < deadline, "the server does not start"
                assert process.poll() is None, "the server has ended"
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(params=["embedded", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ChromaIndex]:
    url = request.getfixturevalue("server") if request.param == "server" else None
    store = ChromaIndex.open(tmp_path / "chroma", url, f"test-{tmp_path.name}")
    yield store
    store.close()


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


def put(store: ChromaIndex, **vectors: np.ndarray) -> None:
    store.put([ChunkVector(id, "a", None, None, "fr", vector) for id, vector in vectors.items()])


def test_the_nearest_come_first_with_their_cosine(store: ChromaIndex):
    put(store, a=unit(1, 0), b=unit(1, 1), c=unit(-1, 0))
    hits = store.nearest(unit(1, 0), 10, Filters())
    assert [id for id, _ in hits] == ["a", "b", "c"]
    assert [cosine for _, cosine in hits] == pytest.approx([1, 0.5**0.5, -1], abs=1e-5)
    assert len(store.nearest(unit(1, 0), 2, Filters())) == 2


def test_what_is_put_again_is_replaced_and_what_is_deleted_is_gone(store: ChromaIndex):
    assert store.nearest(unit(1, 0), 3, Filters()) == []
    put(store, a=unit(1, 0), b=unit(1, 0))
    put(store, a=unit(0, 1))
    [(id, cosine)] = store.nearest(unit(0, 1), 1, Filters())
    assert (id, round(cosine, 4)) == ("a", 1)
    store.delete(["b", "never there"])
    assert store.ids() == {"a"}
    assert [id for id, _ in store.nearest(unit(1, 0), 3, Filters())] == ["a"]
    assert store.nearest(unit(1, 0), 3, Filters(language="en")) == []


def test_more_than_one_batch(store: ChromaIndex, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(type(store._client), "get_max_batch_size", lambda self: 2)
    put(store, a=unit(1, 0), b=unit(0, 1), c=unit(1, 1), d=unit(1, 2), e=unit(2, 1))
    assert store.ids() == set("abcde")
    store.delete(["a", "b", "c"])
    assert store.ids() == {"d", "e"}


def test_it_is_still_there_when_opened_again_beside_the_first_too(tmp_path: Path):
    with closing(ChromaIndex.open(tmp_path)) as store:
        put(store, a=unit(1, 0))
        with closing(ChromaIndex.open(tmp_path)) as again:
            assert again.ids() == {"a"}
        assert store.ids() == {"a"}
    with closing(ChromaIndex.open(tmp_path)) as again:
        assert again.ids() == {"a"}


def test_damage_names_the_command(tmp_path: Path):
    (tmp_path / "chroma.sqlite3").write_text("not a database")
    with pytest.raises(IndexUnusable, match="qa doctor --repair"):
        ChromaIndex.open(tmp_path)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a", "http://"])
def test_an_address_that_is_none(url: str, tmp_path: Path):
    with pytest.raises(IndexUnusable, match="should look like http"):
        ChromaIndex.open(tmp_path, url)


def test_a_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("qa.index.chroma._PATIENCE_S", 0.5)
    with pytest.raises(IndexUnusable, match=r"no Chroma server answers at .*`chroma run`"):
        ChromaIndex.open(tmp_path, "http://127.0.0.1:9")


def test_a_server_that_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("qa.index.chroma._PATIENCE_S", 0.5)
    with chroma_server(tmp_path) as url:
        store = ChromaIndex.open(tmp_path, url)
        put(store, a=unit(1, 0))
    for use in (lambda: store.nearest(unit(1, 0), 1, Filters()), lambda: store.delete(["a"])):
        with pytest.raises(IndexUnusable, match="QA_CHROMA_URL names a server, see that it runs"):
            use()
    store.close()


def test_an_index_on_a_server_answers_and_leaves_nothing_behind_when_rebuilt(
    server: str, tmp_path: Path, article_folder: Path, fake_embedder: BagOfWords
):
    settings = Settings(index=tmp_path / "index", chroma_url=server)
    report = index_paths([article_folder], settings, fake_embedder)
    assert report.added == ARTICLE_COUNT
    assert index_paths([article_folder], settings, fake_embedder).embedded == 0
    before = _collections(server)

    live = LiveIndex(settings.index, fake_embedder, settings)
    retriever = HybridRetriever(index=live, embedder=fake_embedder)
    hit = retriever.search("Qui a dirigé le chantier du pont ?", mode="dense")[0]
    assert hit.article.id == "pont"
    live.close()

    index_paths([article_folder], settings, fake_embedder, rebuild=True)
    assert len(_collections(server)) == len(before)


def test_two_indexes_of_one_spelling_on_one_server_leave_each_other_alone(
    server: str,
    tmp_path: Path,
    article_folder: Path,
    fake_embedder: BagOfWords,
    monkeypatch: pytest.MonkeyPatch,
):
    """They shared a collection: one's repair or rebuild took the other's vectors out."""
    settings = Settings(index=Path("news.index"), chroma_url=server, embedder="of no catalogue")
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        index_paths([article_folder], settings, fake_embedder)
    with closing(
        ChromaIndex.open(Path(), server, Manifest.read(settings.index).collection)
    ) as store:
        store.empty()
    states = {found.what: found.state for found in examine(settings, repair=True)}
    assert states["Chroma"] == "mended"
    index_paths([article_folder], settings, fake_embedder, rebuild=True)
    for place in ("a", "b"):
        monkeypatch.chdir(tmp_path / place)
        states = {found.what: found.state for found in examine(settings)}
        assert (states["Chroma"], states["lexical"]) == ("good", "good")


def _collections(url: str) -> set[str]:
    path = "/api/v2/tenants/default_tenant/databases/default_database/collections"
    return {collection["name"] for collection in httpx.get(url + path).json()}


@contextmanager
def guarded(server: str, folder: Path, token: str) -> Iterator[str]:
    """A proxy before a Chroma server: TLS by an authority of its own, and a token it asks for."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", "key.pem", "-out", "ca.pem", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers["Authorization"] != f"Bearer {token}":
                status, content = 401, b"{}"
            else:
                headers = {"Content-Type": "application/json"}
                url = server + self.path
                got = httpx.request(self.command, url, content=body, headers=headers)
                status, content = got.status_code, got.content
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_DELETE = do_PUT = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    proxy.socket = context.wrap_socket(proxy.socket, server_side=True)
    thread = Thread(target=proxy.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{proxy.server_port}"
    proxy.shutdown()
    thread.join()
    proxy.server_close()


@pytest.mark.filterwarnings("ignore:.verify=<str>. is deprecated:DeprecationWarning")  # Chroma's
def test_a_server_behind_tls_and_a_token(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with guarded(server, tmp_path, "secret-token") as url:
        with pytest.raises(IndexUnusable, match="certificate verify failed"):
            ChromaIndex.open(tmp_path, url)
        monkeypatch.setenv("CHROMA_SERVER_SSL_VERIFY", str(tmp_path / "ca.pem"))
        with pytest.raises(IndexUnusable, match="no Chroma server answers"):
            ChromaIndex.open(tmp_path, url)
        provider = "chromadb.auth.token_authn.TokenAuthClientProvider"
        monkeypatch.setenv("CHROMA_CLIENT_AUTH_PROVIDER", provider)
        monkeypatch.setenv("CHROMA_CLIENT_AUTH_CREDENTIALS", "secret-token")
        with closing(ChromaIndex.open(tmp_path, url, f"tls-{tmp_path.name}")) as store:
            put(store, a=unit(1, 0))
            assert store.ids() == {"a"}


def test_a_server_that_starts_again_is_waited_for(tmp_path: Path):
    with chroma_server(tmp_path) as url:
        store = ChromaIndex.open(tmp_path, url)
        put(store, a=unit(1, 0))
    found: list[set[str]] = []
    asking = Thread(target=lambda: found.append(store.ids()))
    asking.start()
    with chroma_server(tmp_path, int(url.rsplit(":", 1)[1])):
        asking.join()
    assert found == [{"a"}]
    store.close()


def test_a_server_that_takes_connections_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("qa.index.chroma._ANSWER_S", 0.2)
    monkeypatch.setattr("qa.index.chroma._PATIENCE_S", 0.5)
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        pytest.raises(IndexUnusable, match=r"no Chroma server answers.*timed out"),
    ):
        ChromaIndex.open(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}")
