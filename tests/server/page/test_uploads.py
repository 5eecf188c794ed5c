"""Files added on the page: what is taken, where it is kept, and that asking goes on meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from qa.index.directory import write_lock
from qa.server.page.articles import Articles
from qa.server.page.page import build_page
from qa.server.page.server import mount_page
from qa.server.page.texts import TEXTS
from qa.server.page.uploads import Job, Sent, Uploads, harmless, room
from qa.settings import Settings
from tests.fakes import ARTICLES, BagOfWords, write_articles
from tests.hostile import Markup
from tests.page import EVIL, indexed, text_of
from tests.server.api.test_worker import until

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


@dataclass
class Box:
    """Takes what lies in the folder `sent`, where the browser's files would be."""

    assistant: Assistant
    uploads: Uploads
    sent: Path

    def send(self, name: str, content: str | bytes = NEWS) -> Sent:
        path = self.sent / f"{len(list(self.sent.iterdir()))}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Sent(name, path)

    def start(self, *files: Sent) -> Job:
        """The job of these files."""
        return self.uploads.job(self.uploads.start(files, ENGLISH)) or pytest.fail("no job")

    def finished(self, *files: Sent) -> Job:
        """Once it is done."""
        job = self.start(*files)
        wait(job)
        return job

    def kept(self) -> list[str]:
        """The names in the folder, without the hash."""
        folder = self.assistant.settings.uploads
        assert folder
        return sorted(path.name[17:] for path in folder.iterdir()) if folder.exists() else []

    def under(self, **settings: Any) -> Uploads:
        """What takes files under other settings, which are the assistant's from now on."""
        self.assistant.settings = self.assistant.settings.model_copy(update=settings)
        return Uploads(self.assistant, lambda: list(map(str, self.sent.iterdir())))


@pytest.fixture
def box(tmp_path: Path, embedder_gate: Gated) -> Iterator[Box]:
    """Over the articles of `fakes`, in an index of its own."""
    settings = Settings(
        index=tmp_path / "index",
        llm="none",
        abstain_below=0.0,
        uploads=tmp_path / "uploads",
        upload_bytes=2000,
        upload_files=3,
    )
    articles, sent = write_articles(tmp_path / "articles"), tmp_path / "sent"
    sent.mkdir()
    with indexed(settings, articles, embedder=embedder_gate) as assistant:
        box = Box(assistant, Uploads(assistant, tuple), sent)
        box.uploads = box.under()
        yield box


def wait(job: Job) -> None:
    until(lambda: job.stage == "done", 20)


def reasons(job: Job) -> dict[str, str]:
    """The problems by file."""
    return {problem.name: problem.reason for problem in job.problems}


def test_a_file_is_kept_indexed_and_answered_from(box: Box) -> None:
    job = box.finished(box.send("Otters.txt"))
    assert job.report
    assert (job.report.added, job.problems) == (1, [])
    assert box.kept() == ["otters.txt"]
    answer = box.assistant.ask("Who said that otters came back to the river Orm?")
    assert "Ida Brandt" in answer.text
    again = box.finished(box.send("Otters.txt"))
    assert again.report
    assert (again.report.added, again.report.unchanged) == (0, 1)
    assert box.kept() == ["otters.txt"]


def test_an_article_without_a_title_takes_its_file_s_name(box: Box) -> None:
    titled = "The otters\n\nOtters came back to the river Ulm on Tuesday, said Ida Brandt.\n"
    rows = '{"text": "A lynx in the hills of Orm.", "language": "en"}\n'
    files = (
        box.send("Été à Lyon.TXT"),
        box.send("b.txt", titled),
        box.send(r"C:\Orm news.jsonl", rows),
    )
    job = box.finished(*files)
    assert job.report
    assert job.articles == job.report.articles
    titles = [(box.assistant.article(id) or pytest.fail(id)).title for id in job.articles]
    assert titles == ["Été à Lyon", "The otters", "Orm news (1)"]
    assert box.assistant.browse(words="lyon").total == 1
    again = box.finished(box.send("Another name.txt"), box.send("Été à Lyon.TXT"))
    assert again.articles == job.articles[:1]
    assert box.assistant.browse(words="lyon").total == 1


def test_a_file_that_says_what_is_indexed_already_is_not_kept_and_opens_that_article(
    box: Box,
) -> None:
    """Whoever adds a copy of an article could remove the article once, and later its copy came
    back."""
    job = box.finished(box.send("copy.txt", ARTICLES["strike.txt"]))
    (id,) = job.articles
    assert box.kept() == []
    strike = box.assistant.article(id)
    assert strike
    assert strike.title == ""
    assert not box.uploads.is_upload(strike)
    assert not box.uploads.remove(id)
    assert box.assistant.article(id) == strike


def test_what_was_added_is_removed_and_its_file_with_the_last_article(box: Box) -> None:
    rows = '{"id": "a", "text": "A lynx near Orm."}\n{"id": "b", "text": "A wolf near Orm."}\n'
    box.finished(box.send("rows.jsonl", rows), box.send("otters.txt"))
    wolf = box.assistant.article("b")
    assert wolf
    assert box.uploads.is_upload(wolf)
    assert box.uploads.remove("a")
    assert box.kept() == ["otters.txt", "rows.jsonl"]
    assert not box.uploads.remove("a")
    assert box.uploads.remove("b")
    assert box.kept() == ["otters.txt"]
    assert box.assistant.article("b") is None
    assert not box.uploads.remove("pont")
    assert not box.uploads.remove("never there")
    assert box.assistant.article("pont")
    assert box.finished(box.send("rows.jsonl", rows)).articles == ("a", "b")


def test_nothing_is_removed_while_somebody_writes(box: Box, embedder_gate: Gated) -> None:
    (id,) = box.finished(box.send("otters.txt")).articles
    with write_lock(box.assistant.settings.index), pytest.raises(IndexLocked):
        box.uploads.remove(id)
    embedder_gate.began.clear()
    embedder_gate.go.clear()
    job = box.start(box.send("more.txt", NEWS.replace("Orm", "Ulm")))
    assert job
    assert embedder_gate.began.wait(10)
    with pytest.raises(IndexLocked, match="Try again once they are in"):
        box.uploads.remove(id)
    embedder_gate.go.set()
    wait(job)
    assert box.kept() == ["more.txt", "otters.txt"]
    assert box.uploads.remove(id)
    assert box.kept() == ["more.txt"]


def test_asking_goes_on_while_files_are_indexed(box: Box, embedder_gate: Gated) -> None:
    embedder_gate.began.clear()
    embedder_gate.go.clear()
    job = box.start(box.send("otters.txt"))
    assert job
    assert embedder_gate.began.wait(10)
    assert job.stage == "reading"
    started = time.monotonic()
    answer = box.assistant.ask("Who led the works on the bridge of Kervalec?")
    assert time.monotonic() - started < 5
    assert "Maëlle Tanguy" in answer.text
    assert box.assistant.browse(words="otters").total == 0
    second = box.start(box.send("more.txt", NEWS.replace("Orm", "Ulm")))
    assert second
    time.sleep(0.1)
    assert second.stage == "waiting"
    embedder_gate.go.set()
    wait(job)
    wait(second)
    assert "otters" in box.assistant.ask("What came back to the river Ulm?").text.lower()
    assert box.assistant.browse(Filters.parse("2022")).total == 2


def test_each_failure_has_its_file_and_its_reason(box: Box) -> None:
    rows = '{"text": "A lynx in the hills of Orm.", "language": "en"}\n{"text": ""}\n'
    job = box.finished(
        box.send("rows.jsonl", rows), box.send("bad.txt", b"\0\1"), box.send("ok.txt")
    )
    assert job.report
    assert job.report.added == 2
    assert [(p.name, p.row) for p in job.problems] == [("rows.jsonl", "2"), ("bad.txt", None)]
    assert "there is no text" in reasons(job)["rows.jsonl"]
    assert "binary data" in reasons(job)["bad.txt"]
    assert box.kept() == ["ok.txt", "rows.jsonl"]


def test_what_is_too_much_or_of_another_kind_is_refused(box: Box, tmp_path: Path) -> None:
    big, program, empty = (
        box.send("big.txt", "x" * 2001),
        box.send("a.exe"),
        box.send("none.txt", ""),
    )
    job = box.finished(big, program, empty)
    assert "more than the 0.1 MB" in reasons(job)["big.txt"]
    assert "those taken are .txt" in reasons(job)["a.exe"]
    assert reasons(job)["none.txt"] == ENGLISH.empty_file
    assert job.report is None
    assert list((tmp_path / "sent").iterdir()) == []
    many = box.finished(*(box.send(f"{n}.txt") for n in range(4)))
    assert "4 files at once are more than the 3 allowed" in reasons(many)["0.txt"]
    assert box.kept() == []


def test_only_what_was_sent_to_this_page_is_taken(box: Box, tmp_path: Path) -> None:
    """A browser may name any path of this machine as that of its file."""
    secret = tmp_path / "secret.txt"
    secret.write_text(NEWS, encoding="utf-8")
    link = tmp_path / "sent" / "link"
    link.symlink_to(secret)
    job = box.finished(Sent("secret.txt", secret), Sent("link.txt", link))
    assert reasons(job) == dict.fromkeys(("secret.txt", "link.txt"), ENGLISH.not_uploaded)
    assert secret.exists()
    assert box.kept() == []


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


def test_a_busy_index_is_said_and_nothing_kept(box: Box, caplog: Any) -> None:
    """Who writes, with its number and its machine, is in the log alone."""
    with write_lock(box.assistant.settings.index):
        job = box.finished(box.send("otters.txt"))
    assert reasons(job) == {"otters.txt": ENGLISH.index_busy}
    assert "is being written by" in caplog.text
    assert box.kept() == []


@pytest.mark.parametrize("error", [IndexUnusable, RuntimeError, BaseException])
def test_what_fails_is_not_told_with_the_inside_and_not_kept(
    box: Box,
    caplog: Any,
    monkeypatch: Any,
    error: type[BaseException],
) -> None:
    def broken(*args: object) -> None:
        raise error("/srv/secret cannot be read")

    monkeypatch.setattr(box.assistant, "add", broken)
    assert reasons(box.finished(box.send("otters.txt"))) == {"otters.txt": ENGLISH.add_failed}
    assert "/srv/secret" in caplog.text
    assert box.kept() == []


def test_a_file_that_clashes_does_not_tell_where_the_other_lies(box: Box, tmp_path: Path) -> None:
    row = '{{"id": "otter", "text": "An otter was seen {}.", "language": "en"}}\n'
    rows = row.format("here") + row.format("elsewhere")
    reason = reasons(box.finished(box.send("otter.jsonl", rows)))["otter.jsonl"]
    assert "'otter' is already that of " in reason
    assert str(tmp_path) not in reason


def test_as_many_as_may_wait_do_however_many_are_refused(box: Box, embedder_gate: Gated) -> None:
    """Jobs at work were once forgotten for those refused, and more were taken instead."""
    embedder_gate.go.clear()
    files = [box.send("otters.txt", NEWS.replace("Orm", f"Orm{n}")) for n in range(8)]
    names = [box.uploads.start([file], ENGLISH) for file in files]
    refused = [box.uploads.start([Sent("x.txt", Path("x"))], ENGLISH) for _ in range(250)]
    jobs = [box.uploads.job(name) for name in names]
    last = box.uploads.job(refused[-1])
    assert last is not None
    assert reasons(last) == {"x.txt": ENGLISH.too_busy}
    assert box.uploads.job(refused[0]) is None
    embedder_gate.go.set()
    for job in jobs:
        assert job is not None
        wait(job)
        assert job.problems == []


def test_a_type_without_a_reader_is_a_wrong_setting(box: Box) -> None:
    with pytest.raises(SettingsError, match=r"names 'exe', which has no reader.*\.pdf"):
        box.under(upload_types=("txt", "exe"))
    assert box.under(upload_types=("txt", ".PDF")).types == (".txt", ".pdf")


# Room


def test_what_is_kept_and_what_was_sent_share_their_room(box: Box, tmp_path: Path) -> None:
    uploads = box.under(upload_total_bytes=3000, upload_bytes=9000)
    assert uploads.refusal("a.txt", 3000, ENGLISH) is None
    assert uploads.refusal("a.txt", 3001, ENGLISH) == ENGLISH.no_room
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads/a.txt").write_bytes(b"a" * 1000)
    sent = box.send("b.txt", b"b" * 1500)
    assert room(box.assistant.settings, [str(sent.path), str(tmp_path / "gone")]) == 500
    assert uploads.refusal("a.txt", 501, ENGLISH) == ENGLISH.no_room


def test_files_that_wait_for_their_turn_are_not_taken_for_forgotten(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio removes what was sent and has not changed for some minutes."""
    monkeypatch.setattr("qa.server.page.uploads._MARK_S", 0.01)
    sent = box.send("a.exe", b"a")
    before = sent.path.stat().st_ctime_ns
    with box.uploads._in_turn(()):
        job = box.start(sent)
        until(lambda: sent.path.stat().st_ctime_ns != before)
    wait(job)
    assert not sent.path.exists()


# The page


def test_nothing_is_offered_unless_the_settings_name_a_folder(box: Box) -> None:
    closed = box.uploads = box.under(uploads=None)
    shelf = Articles(box.assistant, closed)
    assert "add_files" not in [function.__name__ for function in shelf.functions()]
    assert 'type="file"' not in shelf.whole({"language": "en"})
    offered = shelf.offer({"files": [{"name": "a.txt", "size": 3}], "language": "en"})
    assert offered["take"] == []
    assert ENGLISH.uploads_off in text_of(offered["html"])
    job = box.finished(box.send("a.txt"))
    assert reasons(job) == {"a.txt": ENGLISH.uploads_off}
    pont = box.assistant.article("pont")
    assert pont
    assert not closed.is_upload(pont)
    assert not closed.remove("pont")


def test_the_box_says_its_limits_and_what_may_be_sent(box: Box) -> None:
    shelf = Articles(box.assistant, box.uploads)
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


def test_the_page_hears_how_far_a_job_is_and_what_it_read(box: Box, embedder_gate: Gated) -> None:
    embedder_gate.began.clear()
    embedder_gate.go.clear()
    shelf, sent, bad = (
        Articles(box.assistant, box.uploads),
        box.send(f"{EVIL}.txt"),
        box.send(f"{EVIL}.md", b"\0"),
    )
    files = [{"name": each.name, "path": str(each.path)} for each in (sent, bad)]
    name = shelf.begin({"files": files, "language": "fr"})["job"]
    assert embedder_gate.began.wait(10)
    now = shelf.state({"job": name, "language": "fr"})
    assert not now["done"]
    assert "<progress" in now["html"]
    assert "Lecture… Articles lus : " in text_of(now["html"])
    embedder_gate.go.set()
    job = box.uploads.job(name) or pytest.fail(name)
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
    box: Box, tmp_path: Path, folder: str | None, status: int
) -> None:
    uploads = tmp_path / folder if folder else None
    settings = box.assistant.settings.model_copy(update={"uploads": uploads})

    async def make() -> FastAPI:  # in a loop, as `tests.page.open_page` says
        return mount_page(FastAPI(), build_page(box.assistant), settings)

    with TestClient(asyncio.run(make())) as client:
        reply = client.post("/gradio_api/upload", files={"files": ("a.txt", NEWS.encode())})
        assert reply.status_code == status
        reply = client.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * 2001)})
        assert reply.status_code == 413


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("otters.txt", NEWS.replace("Tuesday", "Wednesday"), 1),
        ("others.txt", NEWS.replace("Tuesday", "Wednesday"), 2),
        ("otters.txt", "The port of Sandmouth closed for nine days. Cranes stood still.", 2),
    ],
    ids=["corrected", "of another name", "another story"],
)
def test_a_corrected_file_of_the_same_name_replaces_the_old_one(
    box: Box, name: str, text: str, left: int
) -> None:
    before = len(list(box.assistant.articles()))
    first = box.finished(box.send("otters.txt"))
    second = box.finished(box.send(name, text))
    assert first.problems == second.problems == []
    assert len(list(box.assistant.articles())) - before == left
    assert len(box.kept()) == left
    assert box.assistant.article(second.articles[0]) is not None
