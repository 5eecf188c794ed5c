"""Files added on the page: what is taken, where it is kept, and that asking goes on meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from qa.assistant import Assistant
from qa.documents.filters import Filters
from qa.errors import IndexLocked, IndexUnusable, SettingsError
from qa.index.build import index_paths
from qa.index.directory import LiveIndex, write_lock
from qa.models.loading import LanguageModel
from qa.search.retriever import HybridRetriever
from qa.server.page.articles import Articles
from qa.server.page.page import build_page
from qa.server.page.server import mount_page
from qa.server.page.texts import TEXTS
from qa.server.page.uploads import Job, Sent, Uploads, harmless
from qa.settings import Settings
from tests.fakes import ARTICLES, BagOfWords, write_articles
from tests.hostile import Markup
from tests.page import EVIL, text_of

ENGLISH, FRENCH = TEXTS["en"].articles, TEXTS["fr"].articles

NEWS = "date 2022-05-03 Otters came back to the river Orm on Tuesday, said Ida Brandt.\n"


class Gated(BagOfWords):
    """Waits, while it embeds passages, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go = Event(), Event()
        self.go.set()

    def passages_with_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[tuple[int, int]]]
    ) -> list[np.ndarray]:
        self.began.set()
        assert self.go.wait(20)
        return super().passages_with_parts(texts, parts)


@pytest.fixture
def embedder_gate() -> Gated:
    """The embedder of `open_assistant`."""
    return Gated()


@pytest.fixture
def assistant(tmp_path: Path, embedder_gate: Gated) -> Iterator[Assistant]:
    """Over the articles of `fakes`, in an index of its own; takes files."""
    settings = Settings(
        index=tmp_path / "index",
        llm="none",
        abstain_below=0.0,
        uploads=tmp_path / "uploads",
        upload_bytes=2000,
        upload_files=3,
    )
    index_paths([write_articles(tmp_path / "articles")], settings, embedder_gate)
    live = LiveIndex(settings.index, embedder_gate, settings)
    retriever = HybridRetriever(index=live, embedder=embedder_gate)
    with Assistant(settings, live, retriever, LanguageModel(settings, fetch=False)) as opened:
        yield opened


@pytest.fixture
def uploads(assistant: Assistant, tmp_path: Path) -> Uploads:
    """Takes what lies in the folder `sent`."""
    (tmp_path / "sent").mkdir()
    return Uploads(
        assistant.settings,
        assistant.add,
        lambda path: path.startswith(str(tmp_path / "sent")),
        remove=assistant.remove,
        find=assistant.article,
        of_file=assistant.of_file,
    )


@pytest.fixture
def send(tmp_path: Path, uploads: Uploads) -> Callable[..., Sent]:
    """Puts a file where the browser's would be."""

    def put(name: str, content: str | bytes = NEWS) -> Sent:
        path = tmp_path / "sent" / f"{len(list((tmp_path / 'sent').iterdir()))}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Sent(name, path)

    return put


def finished(uploads: Uploads, *files: Sent) -> Job:
    """The job of these files, once it is done."""
    job = uploads.job(uploads.start(files, ENGLISH))
    assert job is not None
    wait(job)
    return job


def wait(job: Job) -> None:
    deadline = time.monotonic() + 20
    while job.stage != "done":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def reasons(job: Job) -> dict[str, str]:
    """The problems by file."""
    return {problem.name: problem.reason for problem in job.problems}


def kept(assistant: Assistant) -> list[str]:
    """The names in the folder, without the hash."""
    folder = assistant.settings.uploads
    assert folder
    return sorted(path.name[17:] for path in folder.iterdir()) if folder.exists() else []


def test_a_file_is_kept_indexed_and_answered_from(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent]
) -> None:
    job = finished(uploads, send("Otters.txt"))
    assert job.report
    assert (job.report.added, job.problems) == (1, [])
    assert kept(assistant) == ["otters.txt"]
    answer = assistant.ask("Who said that otters came back to the river Orm?")
    assert "Ida Brandt" in answer.text
    again = finished(uploads, send("Otters.txt"))
    assert again.report
    assert (again.report.added, again.report.unchanged) == (0, 1)
    assert kept(assistant) == ["otters.txt"]


def test_an_article_without_a_title_takes_its_file_s_name(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent]
) -> None:
    titled = "The otters\n\nOtters came back to the river Ulm on Tuesday, said Ida Brandt.\n"
    rows = '{"text": "A lynx in the hills of Orm.", "language": "en"}\n'
    files = send("Été à Lyon.TXT"), send("b.txt", titled), send(r"C:\Orm news.jsonl", rows)
    job = finished(uploads, *files)
    assert job.report
    assert job.articles == job.report.articles
    titles = [(assistant.article(id) or pytest.fail(id)).title for id in job.articles]
    assert titles == ["Été à Lyon", "The otters", "Orm news (1)"]
    assert assistant.browse(words="lyon").total == 1
    again = finished(uploads, send("Another name.txt"), send("Été à Lyon.TXT"))
    assert again.articles == job.articles[:1]
    assert assistant.browse(words="lyon").total == 1


def test_a_file_that_says_what_is_indexed_already_is_not_kept_and_opens_that_article(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent]
) -> None:
    """Whoever adds a copy of an article could remove the article once, and later its copy came
    back."""
    job = finished(uploads, send("copy.txt", ARTICLES["strike.txt"]))
    (id,) = job.articles
    assert kept(assistant) == []
    strike = assistant.article(id)
    assert strike
    assert strike.title == ""
    assert not uploads.is_upload(strike)
    assert not uploads.remove(id)
    assert assistant.article(id) == strike


def test_what_was_added_is_removed_and_its_file_with_the_last_article(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent]
) -> None:
    rows = '{"id": "a", "text": "A lynx near Orm."}\n{"id": "b", "text": "A wolf near Orm."}\n'
    finished(uploads, send("rows.jsonl", rows), send("otters.txt"))
    wolf = assistant.article("b")
    assert wolf
    assert uploads.is_upload(wolf)
    assert uploads.remove("a")
    assert kept(assistant) == ["otters.txt", "rows.jsonl"]
    assert not uploads.remove("a")
    assert uploads.remove("b")
    assert kept(assistant) == ["otters.txt"]
    assert assistant.article("b") is None
    assert not uploads.remove("pont")
    assert not uploads.remove("never there")
    assert assistant.article("pont")
    assert finished(uploads, send("rows.jsonl", rows)).articles == ("a", "b")


def test_nothing_is_removed_while_somebody_writes(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent], embedder_gate: Gated
) -> None:
    (id,) = finished(uploads, send("otters.txt")).articles
    with write_lock(assistant.settings.index), pytest.raises(IndexLocked):
        uploads.remove(id)
    embedder_gate.began.clear()
    embedder_gate.go.clear()
    job = uploads.job(uploads.start([send("more.txt", NEWS.replace("Orm", "Ulm"))], ENGLISH))
    assert job
    assert embedder_gate.began.wait(10)
    with pytest.raises(IndexLocked, match="Try again once they are in"):
        uploads.remove(id)
    embedder_gate.go.set()
    wait(job)
    assert kept(assistant) == ["more.txt", "otters.txt"]
    assert uploads.remove(id)
    assert kept(assistant) == ["more.txt"]


def test_without_a_folder_nothing_is_an_upload(assistant: Assistant) -> None:
    settings = assistant.settings.model_copy(update={"uploads": None})
    closed = Uploads(settings, assistant.add, lambda path: True, find=assistant.article)
    assert not closed.remove("pont")
    pont = assistant.article("pont")
    assert pont
    assert not closed.is_upload(pont)


def test_asking_goes_on_while_files_are_indexed(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent], embedder_gate: Gated
) -> None:
    embedder_gate.began.clear()
    embedder_gate.go.clear()
    job = uploads.job(uploads.start([send("otters.txt")], ENGLISH))
    assert job
    assert embedder_gate.began.wait(10)
    assert job.stage == "reading"
    started = time.monotonic()
    answer = assistant.ask("Who led the works on the bridge of Kervalec?")
    assert time.monotonic() - started < 5
    assert "Maëlle Tanguy" in answer.text
    assert assistant.browse(words="otters").total == 0
    second = uploads.job(uploads.start([send("more.txt", NEWS.replace("Orm", "Ulm"))], ENGLISH))
    assert second
    time.sleep(0.1)
    assert second.stage == "waiting"
    embedder_gate.go.set()
    wait(job)
    wait(second)
    assert "otters" in assistant.ask("What came back to the river Ulm?").text.lower()
    assert assistant.browse(Filters.parse("2022")).total == 2


def test_each_failure_has_its_file_and_its_reason(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent]
) -> None:
    rows = '{"text": "A lynx in the hills of Orm.", "language": "en"}\n{"text": ""}\n'
    job = finished(uploads, send("rows.jsonl", rows), send("bad.txt", b"\0\1"), send("ok.txt"))
    assert job.report
    assert job.report.added == 2
    assert [(p.name, p.row) for p in job.problems] == [("rows.jsonl", "2"), ("bad.txt", None)]
    assert "there is no text" in reasons(job)["rows.jsonl"]
    assert "binary data" in reasons(job)["bad.txt"]
    assert kept(assistant) == ["ok.txt", "rows.jsonl"]


def test_what_is_too_much_or_of_another_kind_is_refused(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent], tmp_path: Path
) -> None:
    big, program, empty = send("big.txt", "x" * 2001), send("a.exe"), send("none.txt", "")
    job = finished(uploads, big, program, empty)
    assert "more than the 0.1 MB" in reasons(job)["big.txt"]
    assert "those taken are .txt" in reasons(job)["a.exe"]
    assert reasons(job)["none.txt"] == ENGLISH.empty_file
    assert job.report is None
    assert list((tmp_path / "sent").iterdir()) == []
    many = finished(uploads, *(send(f"{n}.txt") for n in range(4)))
    assert "4 files at once are more than the 3 allowed" in reasons(many)["0.txt"]
    assert kept(assistant) == []


def test_only_what_was_sent_to_this_page_is_taken(
    assistant: Assistant, uploads: Uploads, tmp_path: Path
) -> None:
    """A browser may name any path of this machine as that of its file."""
    secret = tmp_path / "secret.txt"
    secret.write_text(NEWS, encoding="utf-8")
    link = tmp_path / "sent" / "link"
    link.symlink_to(secret)
    job = finished(uploads, Sent("secret.txt", secret), Sent("link.txt", link))
    assert reasons(job) == dict.fromkeys(("secret.txt", "link.txt"), ENGLISH.not_uploaded)
    assert secret.exists()
    assert kept(assistant) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Été à Lyon.PDF", "été-à-lyon.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        (r"C:\news\a.jsonl.gz", "a.jsonl.gz"),
        (".hidden.txt", "hidden.txt"),
        (f"{EVIL}.md", "img-src-x-onerror-alert-1-1-2.md"),
        ("x" * 300 + ".txt", "x" * 60 + ".txt"),
        (".txt", "file.txt"),
        ("a\0b\n#3.txt", "a-b-3.txt"),
    ],
)
def test_a_name_cannot_do_harm(name: str, safe: str) -> None:
    assert harmless(name) == safe


def test_a_busy_index_is_said_and_nothing_kept(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent], caplog: Any
) -> None:
    """Who writes, with its number and its machine, is in the log alone."""
    with write_lock(assistant.settings.index):
        job = finished(uploads, send("otters.txt"))
    assert reasons(job) == {"otters.txt": ENGLISH.index_busy}
    assert "is being written by" in caplog.text
    assert kept(assistant) == []


def test_what_fails_is_not_told_with_the_inside(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent], caplog: Any, monkeypatch: Any
) -> None:
    def broken(*args: object) -> None:
        raise IndexUnusable("/srv/secret cannot be read")

    monkeypatch.setattr(uploads, "_add", broken)
    assert reasons(finished(uploads, send("otters.txt"))) == {"otters.txt": ENGLISH.add_failed}
    assert "/srv/secret" in caplog.text


def test_a_file_that_clashes_does_not_tell_where_the_other_lies(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent], tmp_path: Path
) -> None:
    row = '{{"id": "otter", "text": "An otter was seen {}.", "language": "en"}}\n'
    rows = row.format("here") + row.format("elsewhere")
    reason = reasons(finished(uploads, send("otter.jsonl", rows)))["otter.jsonl"]
    assert "'otter' is already that of " in reason
    assert str(tmp_path) not in reason


def test_as_many_as_may_wait_do_however_many_are_refused(
    uploads: Uploads, send: Callable[..., Sent], embedder_gate: Gated
) -> None:
    """Jobs at work were once forgotten for those refused, and more were taken instead."""
    embedder_gate.go.clear()
    files = [send("otters.txt", NEWS.replace("Orm", f"Orm{n}")) for n in range(8)]
    names = [uploads.start([file], ENGLISH) for file in files]
    refused = [uploads.start([Sent("x.txt", Path("x"))], ENGLISH) for _ in range(250)]
    jobs = [uploads.job(name) for name in names]
    last = uploads.job(refused[-1])
    assert last is not None
    assert reasons(last) == {"x.txt": ENGLISH.too_busy}
    assert uploads.job(refused[0]) is None
    embedder_gate.go.set()
    for job in jobs:
        assert job is not None
        wait(job)
        assert job.problems == []


def test_a_bug_is_logged_and_told_apart(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent], caplog: Any, monkeypatch: Any
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(uploads, "_add", broken)
    job = finished(uploads, send("otters.txt"))
    assert reasons(job) == {"otters.txt": ENGLISH.add_failed}
    assert "secret detail" in caplog.text
    assert kept(assistant) == []


def test_a_type_without_a_reader_is_a_wrong_setting(assistant: Assistant) -> None:
    settings = assistant.settings.model_copy(update={"upload_types": ("txt", "exe")})
    with pytest.raises(SettingsError, match=r"names 'exe', which has no reader.*\.pdf"):
        Uploads(settings, assistant.add, lambda path: True)
    settings = assistant.settings.model_copy(update={"upload_types": ("txt", ".PDF")})
    assert Uploads(settings, assistant.add, lambda path: True).types == (".txt", ".pdf")


# The page


def test_nothing_is_offered_unless_the_settings_name_a_folder(
    assistant: Assistant, send: Callable[..., Sent]
) -> None:
    settings = assistant.settings.model_copy(update={"uploads": None})
    closed = Uploads(settings, assistant.add, lambda path: True)
    shelf = Articles(assistant, closed)
    assert "add_files" not in [function.__name__ for function in shelf.functions()]
    assert 'type="file"' not in shelf.whole({"language": "en"})
    offered = shelf.offer({"files": [{"name": "a.txt", "size": 3}], "language": "en"})
    assert offered["take"] == []
    assert ENGLISH.uploads_off in text_of(offered["html"])
    job = finished(closed, send("a.txt"))
    assert reasons(job) == {"a.txt": ENGLISH.uploads_off}


def test_the_box_says_its_limits_and_what_may_be_sent(
    assistant: Assistant, uploads: Uploads
) -> None:
    shelf = Articles(assistant, uploads)
    html = shelf.whole({"language": "fr"})
    assert 'accept=".txt,.md' in html
    assert "0.1 Mo par fichier au plus · 3 fichiers à la fois au plus" in text_of(html)
    files: list[Any] = [{"name": "a.txt", "size": 3}, {"name": f"{EVIL}.exe", "size": 3}]
    offered = shelf.offer({"files": [*files, {"name": "b.md"}], "language": "fr"})
    assert offered["take"] == [0]
    assert Markup(offered["html"]).wrong == []
    said = text_of(offered["html"])
    assert f"{EVIL}.exe : ce type de fichier n’est pas accepté" in said
    assert FRENCH.empty_file in said
    too_many = shelf.offer({"files": files * 2, "language": "fr"})
    assert FRENCH.too_many.format(files=4, most=3) in text_of(too_many["html"])
    assert too_many["take"] == []
    assert shelf.offer({"files": "x"}) == {"take": [], "html": ""}


def test_the_page_hears_how_far_a_job_is_and_what_it_read(
    assistant: Assistant, uploads: Uploads, send: Callable[..., Sent], embedder_gate: Gated
) -> None:
    embedder_gate.began.clear()
    embedder_gate.go.clear()
    shelf, sent, bad = Articles(assistant, uploads), send(f"{EVIL}.txt"), send(f"{EVIL}.md", b"\0")
    files = [{"name": each.name, "path": str(each.path)} for each in (sent, bad)]
    name = shelf.begin({"files": files, "language": "fr"})["job"]
    assert embedder_gate.began.wait(10)
    now = shelf.state({"job": name, "language": "fr"})
    assert not now["done"]
    assert "<progress" in now["html"]
    assert "Lecture… Articles lus : " in text_of(now["html"])
    embedder_gate.go.set()
    job = uploads.job(name)
    assert job
    wait(job)
    now = shelf.state({"job": name, "language": "en"})
    assert now["done"]
    assert "Done. Articles added: 1" in text_of(now["html"])
    assert "3 May 2022 · English" in text_of(now["html"])
    assert f'data-article="{job.articles[0]}"' in now["html"]
    assert f"{ENGLISH.failures}\n{EVIL}.md:" in text_of(now["html"])
    assert Markup(now["html"]).wrong == []
    lost = shelf.state({"job": "no such", "language": "en"})
    assert lost["done"]
    assert ENGLISH.file_gone in text_of(lost["html"])


@pytest.mark.parametrize(("folder", "status"), [(None, 413), ("uploads", 200)])
def test_gradio_s_own_address_for_files_is_shut_unless_the_settings_name_a_folder(
    assistant: Assistant, tmp_path: Path, folder: str | None, status: int
) -> None:
    uploads = tmp_path / folder if folder else None
    settings = assistant.settings.model_copy(update={"uploads": uploads})

    async def make() -> FastAPI:  # in a loop, as `tests.page.open_page` says
        return mount_page(FastAPI(), build_page(assistant), settings)

    with TestClient(asyncio.run(make())) as client:
        reply = client.post("/gradio_api/upload", files={"files": ("a.txt", NEWS.encode())})
        assert reply.status_code == status
        reply = client.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * 2001)})
        assert reply.status_code == 413
