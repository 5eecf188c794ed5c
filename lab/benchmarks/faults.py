"""What an index comes through: kills, damaged files, a full disk, readers and writers at once.

    python -m lab.benchmarks.faults FOLDER [--only KIND …]

Works in FOLDER and writes a line a round to FOLDER/rounds.jsonl; a round that is there already is
not run again, so the campaign can be stopped and goes on where it was. The embedder counts words,
for nothing here depends on the model. The table at the end says what was tried, how often, and
what was lost; the exit code is 1 when anything was.

kill      add, change, take out or rebuild, killed at a random moment. Whoever opens the index then
          must find one state whole; the next run must complete it, and the doctor find nothing.
damage    one file deleted, emptied, cut, flipped or overwritten somewhere. Asking must give what it
          gave before or say what to do, and `doctor --repair` mend it or say what does.
disk      an update on a disk of such a size, and one that may only be read (as root, on Linux)
hostile   a folder of hostile or broken files of every format (see `hostile`) with good
          articles among them, indexed by the command line in one run with small limits. It must
          end, name each file that it did not read, and have all good articles.
chroma    two indexes on a Chroma server that is killed while one of them is written, while they are
          asked through the API, or before a run, and comes back. Whoever asks gets the right
          passage or an error that says so, /readyz tells, and the next run completes.
readers   twenty ask while all articles are replaced: every answer is of one state
writers   two at once: one works, the other is told

Outcomes: `lost` is a wrong or missing answer, a crash, a traceback or an index that stays broken.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import httpx

import qa.cli
import qa.models
from lab.benchmarks import hostile as hostile_files
from qa.documents.filters import Filters
from qa.documents.parsers.fields import origin_of
from qa.errors import QAError
from qa.index.build import index_paths
from qa.index.directory import Index
from qa.index.doctor import examine
from qa.index.live import LiveIndex
from qa.settings import Settings
from tests.fakes import BagOfWords
from tests.server.api.test_serving import program
from tests.server.api.test_worker import until

EMBEDDER = BagOfWords()
ASKED = 40  # articles
REPLACED = ("v1", "v2")
PARTS = (
    "articles.sqlite",
    "chroma.sqlite3",
    "header.bin",
    "data_level0.bin",
    "length.bin",
    "link_lists.bin",
    "index_metadata.pickle",
    "sums.json",
    "manifest.json",
)
FOLDER_FILES = 50
FILE_LIMITS = {"QA_FILE_SECONDS": "1", "QA_FILE_MEGABYTES": "600"}
HARMS = ("delete", "empty", "halve", "append", "flip", "flip", "overwrite", "overwrite")


def write(folder: Path, count: int, version: str, first: int = 0) -> Path:
    """Articles numbered from `first` on, in one file; each says of which version it is."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "id": f"a{n}",
            "title": f"Report {n}",
            "language": "en",
            "text": f"{_words(n)} were led by Quill. It was version {version}.",
        }
        for n in range(first, first + count)
    ]
    (folder / f"{first}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def _words(n: int) -> str:
    """What only this article says; the embedder knows words by their first five letters."""
    draw = random.Random(n)
    return " ".join([f"{n:05d}", *(f"{draw.randrange(10**5):05d}" for _ in range(9))])


def settings(index: Path) -> Settings:
    """For an index; the doctor knows the embedder not, and leaves it out."""
    url = os.environ.get("QA_CHROMA_URL")
    return Settings(index=index, llm="none", embedder="none of the catalogue", chroma_url=url)


def state(index: Path) -> dict[str, str]:
    """Article → version, of all that the archive holds; and each of them found, or an error.

    Some are asked for by their own vector and by their own word.
    """
    with closing(LiveIndex(index, EMBEDDER, settings(index))) as live, live.current() as opened:
        held = {a.id: a.text.split()[-1].rstrip(".") for a in opened.archive.articles()}
        ids = sorted(held)
        for id in ids[:: max(1, len(ids) // ASKED)]:
            article = opened.archive.article(id)
            assert article is not None
            text = f"{article.title}\n{article.text}"
            must_be_found(opened, id, text, _words(int(id[1:])))
    return held


def must_be_found(
    opened: Index, id: str, text: str, words: str, filters: Filters | None = None
) -> None:
    """An article, by the vector of its text and by some words of it.

    Raises:
        AssertionError: it is not.
    """
    by_vector = opened.nearest(EMBEDDER.queries([text])[0], 50, filters or Filters())
    query = opened.lexical.analyse(words, "en")
    for found in (by_vector, opened.lexical.search(query, 3, Filters())):
        owners = [hit.rpartition("@")[0] for hit, _ in found]
        if id not in owners:
            raise AssertionError(f"{id} is not found, but {owners}")


def doctor(index: Path, *, repair: bool = False) -> list[str]:
    """What it finds bad of the index."""
    findings = examine(settings(index), repair=repair)
    here = [f for f in findings if f.what not in ("embedder", "index settings")]
    return [f"{f.what}: {f.detail}" for f in here if f.state == "bad"]


# Rounds, each in a process of its own. What one returns is its outcome in a word, with a detail.


def kill(folder: Path, number: int, count: int, rng: random.Random) -> tuple[str, str]:
    """One run killed once or twice."""
    what = ("add", "change", "take out", "rebuild")[number % 4]
    index, news = _begun(folder, count)
    old = state(index)
    if what == "add":
        write(news, 200, "v1", count)
    elif what == "take out":
        write(news, count - 300, "v1")
    else:
        write(news, count // 2, "v2")
        write(news, count - count // 2, "v1", count // 2)
    job = {"index": str(index), "news": str(news), "rebuild": what == "rebuild"}
    longest, killed = _timed(folder, f"longest-{what}", job, count), 0
    new = dict(_versions(news))
    for _ in range(1 + number % 2):
        killed += _kill(job, rng.uniform(0, longest))
        seen = state(index)
        if seen not in (old, new):
            return "lost", f"{what}: neither the old state nor the new one"
    index_paths([news], settings(index), EMBEDDER)
    if state(index) != new:
        return "lost", f"{what}: the next run did not complete it"
    if bad := doctor(index):
        return "lost", f"{what}: {bad}"
    return ("whole", what) if killed else ("whole (not killed)", what)


def damage(folder: Path, number: int, count: int, rng: random.Random) -> tuple[str, str]:
    """One file damaged; asked, examined, mended."""
    part = PARTS[number % len(PARTS)]
    index, news = _begun(folder, count)
    files = sorted(index.rglob(part), key=lambda path: path.stat().st_size)
    if not files:
        return "not there", part
    how = rng.choice(HARMS)
    _harm(files[-1], how, rng)
    named = f"{part} {how}"
    expected = dict(_versions(news))
    asked = _child("ask", index)
    if asked.startswith("state") and json.loads(asked.partition(" ")[2]) != expected:
        return "lost", f"{named}: a wrong answer without a word"
    if asked.startswith("crash"):
        return "lost", f"{named}: asking ends with {asked}"
    outcome = "harmless" if asked.startswith("state") else "said"
    mended = _child("repair", index)
    if mended.startswith("crash"):
        return "lost", f"{named}: the doctor ends with {mended}"
    after = _child("ask", index)
    if after.startswith("state") and json.loads(after.partition(" ")[2]) == expected:
        return (f"{outcome}, mended" if outcome == "said" else outcome), named
    if "qa restore" in mended or "--rebuild" in mended:
        index_paths([news], settings(index), EMBEDDER, rebuild=True)
        whole = state(index) == expected
        return (f"{outcome}, rebuilt", named) if whole else ("lost", f"{named}: not rebuilt")
    if "index their files again" in mended:
        index_paths([news], settings(index), EMBEDDER)
        return (f"{outcome}, read again", named) if state(index) == expected else ("lost", named)
    return "lost", f"{named}: {asked[:200]} → {mended[:200]} → {after[:200]}"


def disk(folder: Path, number: int, count: int, rng: random.Random) -> tuple[str, str]:
    """An update on a disk with so much room; then with enough."""
    place = folder / "disk"
    index, news = _begun(folder, count)
    used = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
    size = int(used * (1.02, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0)[number % 9])
    place.mkdir(exist_ok=True)
    if subprocess.run(_mount(place, size), check=False, capture_output=True).returncode:
        return "skipped", "no disk of its own can be mounted here"
    try:
        index, news = _begun(folder, count, place / "index")
        old = state(index)
        write(news, count // 2, "v2")
        write(news, count - count // 2, "v1", count // 2)
        new = dict(_versions(news))
        told = _child("index", index, news)
        if told.startswith("crash"):
            return "lost", f"{told}"
        if state(index) not in (old, new):
            return "lost", "neither the old state nor the new one"
        subprocess.run(_mount(place, used * 9, "remount,"), check=True)
        done = _child("index", index, news)
        if state(index) != new or (bad := doctor(index)):
            return "lost", f"with room again: {done} {bad}"
        subprocess.run(_mount(place, used * 9, "remount,ro,"), check=True)
        if state(index) != new or (bad := doctor(index)):
            return "lost", f"read-only: {bad}"
        if _child("index", index, news).startswith(("crash", "done")):
            return "lost", "written where nothing can be"
        return ("whole, said" if told.startswith("said") else "whole, had room"), f"{size:,} bytes"
    finally:
        subprocess.run(["umount", str(place)], check=True)


def readers(folder: Path, number: int, count: int, rng: random.Random) -> tuple[str, str]:
    """Twenty readers in five processes while every article is replaced, then put back."""
    index, news = _begun(folder, count)
    command = [sys.executable, "-m", "lab.benchmarks.faults", "--child", "read", str(index)]
    processes = [
        subprocess.Popen([*command, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(5)
    ]
    for process in processes:
        assert process.stdout
        process.stdout.readline()  # it asks now
    for version in reversed(REPLACED):
        index_paths([write(news, count, version)], settings(index), EMBEDDER)
    asks, wrong = 0, list[str]()
    for process in processes:
        out, _ = process.communicate()
        if process.returncode:
            return "lost", f"a reader ended with {process.returncode}"
        result = json.loads(out)
        asks += result["asks"]
        wrong += result["wrong"]
    return ("lost", f"{len(wrong)} of {asks}: {wrong[0]}") if wrong else ("whole", f"{asks} asks")


def writers(folder: Path, number: int, count: int, rng: random.Random) -> tuple[str, str]:
    """Two writers of different articles at once."""
    index, _ = _begun(folder, count)
    old, told = state(index), list[str]()
    places = [write(folder / f"w{n}", 100, "v1", count + 100 * n) for n in range(2)]
    threads = [
        threading.Thread(target=lambda place=place: told.append(_child("index", index, place)))
        for place in places
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worked = sum(word.startswith("done") for word in told)
    locked = sum("being written by" in word for word in told)
    if not worked or worked + locked < 2:
        return "lost", str(told)
    if len(state(index)) != len(old) + 100 * worked or doctor(index):
        return "lost", "what was written is not there"
    return ("one worked, one was told" if locked else "one after the other"), ""


def hostile(folder: Path, number: int, count: int, rng: random.Random) -> tuple[str, str]:
    """A folder of bad files; indexed, indexed again, asked, examined."""
    here, index = folder / "hostile", folder / "index"
    for path in (here, index):
        shutil.rmtree(path, ignore_errors=True)
    news = here / "news"
    files = hostile_files.write(news, FOLDER_FILES, rng)
    most_s = FOLDER_FILES * 10 * float(FILE_LIMITS["QA_FILE_SECONDS"]) + 120  # `apart.Limits`
    reports, spent = list[dict[str, Any]](), list[float]()
    for _ in range(2):
        started = time.monotonic()
        try:
            done = _cli(["index", str(news), "--index", str(index), "--json"], most_s)
        except subprocess.TimeoutExpired:
            return "lost", f"not done after {most_s:.0f} s"
        spent.append(time.monotonic() - started)
        if done.returncode or "Traceback" in done.stderr:
            return "lost", f"exit code {done.returncode}: {done.stderr.strip()[-300:]}"
        reports.append(json.loads(done.stdout))
    failures = {
        row["origin"].rpartition("#")[0] or row["origin"]: row["reason"]
        for row in reports[0]["failures"]
    }
    hidden = 0  # from Chroma's approximate search, by many copies of one vector
    with closing(LiveIndex(index, EMBEDDER, settings(index))) as live, live.current() as opened:
        for n, name in enumerate(hostile_files.GOOD):
            article = opened.archive.article(f"a{n}")
            if article is None:
                return "lost", f"the good article a{n}"
            text = f"{article.title}\n{article.text}"
            must_be_found(opened, article.id, text, name, Filters(language="en"))
            near = opened.nearest(EMBEDDER.queries([text])[0], 50, Filters())
            hidden += article.id not in [hit.rpartition("@")[0] for hit, _ in near]
        if any(hostile_files.SECRET in article.text for article in opened.archive.articles()):
            return "lost", "a file outside of the folder was read"
        silent = [
            path.name
            for path in files
            if origin_of(path) not in failures and not opened.archive.of_file(origin_of(path))
        ]
    if not all(failures.values()) or len(silent) > reports[0]["duplicates"]:
        return "lost", f"neither read nor named: {silent}"
    same = reports[0]["failures"] == reports[1]["failures"]  # else one was given up on only now
    if same and (reports[1]["added"] or reports[1]["updated"]):
        return "lost", f"changed without a change: {reports[1]['added']} added"
    if bad := doctor(index):
        return "lost", str(bad)
    given_up = sum("reading it took" in reason for reason in failures.values())
    detail = f"{len(files)} files, {len(failures)} named, {given_up} of them given up on, "
    return "whole, said", f"{detail}{spent[0]:.0f} s, again {spent[1]:.0f} s, {hidden} hidden"


def chroma(folder: Path, number: int, count: int, rng: random.Random) -> tuple[str, str]:
    """A Chroma server that goes and comes, under two indexes and a server of the API."""
    when, count = ("writing", "asking", "between")[number % 3], count // 3
    index, other = folder / "index", folder / "other-index"
    for name in ("chroma", "index", "other-index", "news", "other-news"):
        shutil.rmtree(folder / name, ignore_errors=True)
    news, server = write(folder / "news", count, "v1"), ChromaServer(folder / "chroma")
    with server, patch.dict(os.environ, QA_CHROMA_URL=server.url):
        for path, articles in ((index, news), (other, write(folder / "other-news", 100, "v1"))):
            index_paths([articles], settings(path), EMBEDDER)
        expected, others = state(index), state(other)
        with (
            program(index, QA_RATE_PER_MINUTE="0", QA_READER="false") as api,
            Asking(api.client, count) as asking,
        ):
            if when == "writing":
                write(news, count, "v2")
                expected = dict.fromkeys(expected, "v2")
                job = {"index": str(index), "news": str(news), "rebuild": False}
                with _working(job) as process:
                    time.sleep(rng.uniform(0, 4))
                    server.kill()
                    told = process.communicate()[0].strip().splitlines()[-1:]
                if process.returncode or not told or not told[0].startswith(("done", "said")):
                    return "lost", f"{when}: the run ended with {process.returncode}, {told}"
            else:
                time.sleep(rng.uniform(0, 2))
                server.kill()
                said = _child("index", index, news) if when == "between" else "said"
                if not said.startswith("said"):
                    return "lost", f"{when}: {said}"
            until(lambda: api.client.get("/readyz").status_code == 503, 60)
            time.sleep(1)
            server.start()
            until(lambda: _child("index", index, news).startswith("done"), 60)
            until(lambda: api.client.get("/readyz").status_code == 200, 60)
            asking.close()
            since = Counter(asking.one(random.Random(n)) for n in range(20))
        if asking.wrong or since != {"right": 20}:
            return "lost", f"{when}: {asking.wrong[:3]}, afterwards {since}"
        if state(index) != expected or state(other) != others:
            return "lost", f"{when}: not what was there"
        if bad := [*doctor(index), *doctor(other)]:
            return "lost", f"{when}: {bad}"
    return "whole, said", f"{when}: {dict(asking.outcomes)} of the API while it was away and back"


class ChromaServer:
    """Chroma's own server on loopback, which can be killed and started again at its address."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._command = [str(Path(sys.executable).with_name("chroma")), "run", "--host"]
        self._command += ["127.0.0.1", "--port", str(port), "--path", str(folder)]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=quiet, stderr=quiet)
        until(self._answers, 60)

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v2/heartbeat").is_success
        except httpx.HTTPError:
            return False


class Asking:
    """Two threads that ask an API for one article after the other, until it is closed."""

    def __init__(self, client: httpx.Client, articles: int) -> None:
        self._client, self._articles = client, articles
        self.outcomes, self.wrong = Counter[str](), list[str]()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(2)]
        for thread in self._threads:
            thread.start()

    def one(self, rng: random.Random) -> str:
        """Ask for one: `right`, `refused` with an error that says so, or what it was instead."""
        n = rng.randrange(self._articles)
        got = self._client.post("/v1/search", json={"query": f"Who led {_words(n)}?", "k": 5})
        if got.status_code == 503 and got.json()["error"]["type"] == "unavailable":
            return "refused"
        if got.status_code == 200 and f"a{n}" in [hit["article_id"] for hit in got.json()["hits"]]:
            return "right"
        return f"{got.status_code} {got.text[:200]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """No more."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, seed: int) -> None:
        rng = random.Random(seed)
        while not self._ended.is_set():
            outcome = self.one(rng)
            self.outcomes[outcome] += 1
            if outcome not in ("right", "refused"):
                self.wrong.append(outcome)
            time.sleep(0.02)


ROUNDS: dict[str, Callable[[Path, int, int, random.Random], tuple[str, str]]] = {
    "kill": kill,
    "damage": damage,
    "disk": disk,
    "hostile": hostile,
    "chroma": chroma,
    "readers": readers,
    "writers": writers,
}


# Helpers


def _begun(folder: Path, count: int, index: Path | None = None) -> tuple[Path, Path]:
    """A fresh copy of an index of the articles in their first version, and their folder."""
    base, news = folder / f"base-{count}", folder / "news"
    index = index or folder / "index"
    for path in (news, index):
        shutil.rmtree(path, ignore_errors=True)
    write(news, count, "v1")
    if not (base / "manifest.json").exists() or not (folder / "built").exists():
        shutil.rmtree(base, ignore_errors=True)
        index_paths([news], settings(base), EMBEDDER)
        (folder / "built").touch()
    shutil.copytree(base, index)
    return index, news


def _versions(news: Path) -> Iterator[tuple[str, str]]:
    """Article → version, as the files say; a later file changes what an earlier one said."""
    for file in sorted(news.glob("*.jsonl"), key=lambda path: int(path.stem)):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield row["id"], row["text"].split()[-1].rstrip(".")


def _timed(folder: Path, name: str, job: dict[str, Any], count: int) -> float:
    """How long a run takes that nobody kills; measured once, on a copy."""
    file = folder / f"{name}.json"
    if not file.exists():
        copy = folder / "timed"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder / f"base-{count}", copy)
        with _working({**job, "index": str(copy)}) as process:
            started = time.monotonic()
            process.wait()
        file.write_text(str(time.monotonic() - started))
        shutil.rmtree(copy)
    return float(file.read_text())


@contextmanager
def _working(job: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """A process that has just begun to index."""
    command = [sys.executable, "-m", "lab.benchmarks.faults", "--child", "index", job["index"]]
    command += [job["news"], *(["rebuild"] if job["rebuild"] else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begins\n"
        yield process


def _kill(job: dict[str, Any], after_s: float) -> bool:
    """Whether the run was still going."""
    with _working(job) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.returncode < 0


def _child(what: str, *paths: Path) -> str:
    """What a process of its own says in its last line; `crash` when it ended otherwise."""
    command = [sys.executable, "-m", "lab.benchmarks.faults", "--child", what, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"crash {done.returncode} {(done.stderr.strip().splitlines() or [''])[-1]}"
    return done.stdout.strip().splitlines()[-1]


def _cli(command: list[str], most_s: float) -> subprocess.CompletedProcess[str]:
    """The command line, with the embedder that counts words."""
    program = [sys.executable, "-m", "lab.benchmarks.faults", "--child", "cli", "."]
    return subprocess.run(
        [*program, *command],
        env={**os.environ, **FILE_LIMITS, "QA_EMBEDDER": "counting", "QA_LLM": "none"},
        capture_output=True,
        text=True,
        check=False,
        timeout=most_s,
    )


def _harm(file: Path, how: str, rng: random.Random) -> None:
    data = bytearray(file.read_bytes())
    start = rng.randrange(len(data)) if data else 0
    stop = min(len(data), start + rng.choice((1, 16, 512, 65_536)))
    if how == "delete":
        file.unlink()
        return
    if how == "empty":
        data.clear()
    elif how == "halve":
        del data[len(data) // 2 :]
    elif how == "append":
        data += rng.randbytes(100)
    elif how == "flip":
        data[start:stop] = bytes(255 - byte for byte in data[start:stop])
    else:
        data[start:stop] = rng.randbytes(stop - start)
    file.write_bytes(bytes(data))


def _mount(place: Path, size: int, options: str = "") -> list[str]:
    return ["mount", "-t", "tmpfs", "-o", f"{options}size={size}", "tmpfs", str(place)]


def _in_child(what: str, index: Path, rest: list[str]) -> None:
    """What a process of its own does; a line `said …` is an error that says what to do."""
    try:
        if what == "ask":
            print("state", json.dumps(state(index)))
        elif what == "repair":
            findings = examine(settings(index), repair=True)
            print("examined", "; ".join(f.detail for f in findings if f.state != "good"))
        elif what == "read":
            _read(index, int(rest[0]))
        elif what == "cli":
            qa.models.Embedder.open = staticmethod(lambda settings: EMBEDDER)  # type: ignore[assignment, method-assign]
            sys.argv = ["qa", *rest]
            qa.cli.main()
        else:
            print("begins", flush=True)
            index_paths([Path(rest[0])], settings(index), EMBEDDER, rebuild=rest[1:] == ["rebuild"])
            print("done")
    except QAError as exc:
        print("said", str(exc).replace("\n", " "))


def _read(index: Path, count: int) -> None:
    """Four threads that ask until both updates are seen and nothing has come for a while."""
    from qa.search.retriever import HybridRetriever

    live = LiveIndex(index, EMBEDDER, settings(index))
    retriever = HybridRetriever(index=live, embedder=EMBEDDER, k=20)
    wrong, asks, begun = list[str](), Counter[str](), time.monotonic()
    last = {"revision": 0, "at": begun}

    def ask(seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() - last["at"] < 20 or len(asks) < len(REPLACED):
            if time.monotonic() - begun > 600:
                wrong.append("the second state was never seen")
                return
            with live.current() as opened:
                if opened.manifest.revision != last["revision"]:
                    last.update(revision=opened.manifest.revision, at=time.monotonic())
            n = rng.randrange(count)
            for mode in ("dense", "lexical"):
                hits = retriever.search(f"Who led {_words(n)}?", mode=mode)
                versions = {hit.article.text.split()[-1].rstrip(".") for hit in hits}
                ids = [hit.article.id for hit in hits]
                if len(versions) != 1 or f"a{n}" not in ids:
                    wrong.append(f"{mode}: {versions}, a{n} among {len(ids)}: {f'a{n}' in ids}")
                asks[min(versions, default="none")] += 1
            time.sleep(0.02)

    threads = [threading.Thread(target=ask, args=(os.getpid() * 10 + n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    print("asking", flush=True)
    for thread in threads:
        thread.join()
    live.close()
    print(json.dumps({"asks": asks.total(), "wrong": wrong[:20]}))


def _table(rounds: list[dict[str, Any]]) -> str:
    lines = [f"{'kind':8} {'outcome':26} rounds"]
    counted = Counter((row["kind"], row["outcome"]) for row in rounds)
    lines += [f"{kind:8} {outcome:26} {n}" for (kind, outcome), n in sorted(counted.items())]
    lost = [row for row in rounds if row["outcome"] == "lost"]
    lines += [f"LOST {row['kind']} {row['number']}: {row['detail']}" for row in lost]
    return "\n".join(lines)


def main() -> int:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--articles", type=int, default=1500)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--damages", type=int, default=10, help="of each part")
    parser.add_argument("--hostile", type=int, default=40, help=f"folders of {FOLDER_FILES} files")
    parser.add_argument("--chroma", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=sorted(ROUNDS), default=[*ROUNDS])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        _in_child(given.child[0], Path(given.child[1]), given.child[2:])
        return 0
    if given.folder is None:
        parser.error("say in which folder to work")
    folder = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "rounds.jsonl"
    rounds = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    done = {(row["kind"], row["number"]) for row in rounds}
    wanted = [("writers", n) for n in range(5)] + [("readers", n) for n in range(2)]
    wanted += [("disk", n) for n in range(9)] + [("kill", n) for n in range(given.kills)]
    wanted += [("damage", n) for n in range(given.damages * len(PARTS))]
    wanted += [("chroma", n) for n in range(given.chroma)]
    wanted += [("hostile", n) for n in range(given.hostile)]
    for kind, number in wanted:
        if kind not in given.only or (kind, number) in done:
            continue
        rng = random.Random(f"{given.seed} {kind} {number}")
        try:
            outcome, detail = ROUNDS[kind](folder, number, given.articles, rng)
        except (QAError, AssertionError) as exc:
            outcome, detail = "lost", f"{type(exc).__name__}: {exc}"
        row = {"kind": kind, "number": number, "outcome": outcome, "detail": detail}
        rounds.append(row)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{kind} {number}: {outcome} {detail}", flush=True)
    print(_table(rounds))
    return any(row["outcome"] == "lost" for row in rounds)


if __name__ == "__main__":
    sys.exit(main())
