"""A story that several files tell: the version saved last counts, and the one before is kept."""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qa.index.archive import Archive
from qa.index.build import Report, index_paths, remove_articles
from qa.index.directory import Manifest
from qa.settings import Settings
from tests.fakes import BagOfWords

URL = "https://quai.example/pont"
WRONG = "Le pont a coûté 3 millions d'euros. Il ouvre jeudi."
RIGHT = "Le pont a coûté 5 millions d'euros. Il ouvre jeudi."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(index=tmp_path / "index")


def saved(file: Path, text: str, second: int, **fields: str) -> Path:
    """A file of one story, saved at a second of its own."""
    row = {"id": "guid-7", "title": "Le pont", "source": "Le Quai", "url": URL, "text": text}
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(row | fields) + "\n", encoding="utf-8")
    os.utime(file, (second, second))
    return file


def run(settings: Settings, *paths: Path, rebuild: bool = False) -> Report:
    return index_paths(list(paths), settings, BagOfWords(), rebuild=rebuild)


def archive(settings: Settings) -> Archive:
    home = settings.index / Manifest.read(settings.index).generation
    return Archive.open(home / "articles.sqlite")


def now_and_before(settings: Settings) -> tuple[list[str], dict[str, tuple[str, str]]]:
    with closing(archive(settings)) as opened:
        articles = list(opened.articles())
        chunks = opened.passages(sorted(opened.chunk_ids()))
        assert sorted(passage.chunk.text for passage in chunks) == sorted(a.text for a in articles)
        return [a.text for a in articles], opened.earlier([a.id for a in articles])


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def test_a_changed_file_leaves_its_earlier_text(settings: Settings, tmp_path: Path):
    file = saved(tmp_path / "news" / "a.jsonl", WRONG, 100)
    run(settings, file)
    assert now_and_before(settings) == ([WRONG], {})
    saved(file, RIGHT, 200)
    assert run(settings, file).updated == 1
    assert now_and_before(settings) == ([RIGHT], {"guid-7": (WRONG, today())})


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_two_files_the_one_saved_last_counts(
    settings: Settings, tmp_path: Path, names: tuple[str, str], at_once: bool
):
    folder = tmp_path / "news"
    old = saved(folder / f"{names[0]}.jsonl", WRONG, 100)
    if not at_once:
        run(settings, folder)
    saved(folder / f"{names[1]}.jsonl", RIGHT, 200)
    report = run(settings, folder)
    assert (report.failures, report.renamed) == ([], {})
    assert now_and_before(settings)[0] == [RIGHT]
    assert run(settings, old).updated == 0, "the older one comes again"
    again = run(settings, folder)
    assert (again.added, again.updated, again.removed, again.embedded) == (0, 0, 0, 0)
    assert now_and_before(settings)[0] == [RIGHT]


def test_a_correction_that_was_taken_back_is_one_version_again(settings: Settings, tmp_path: Path):
    folder = tmp_path / "news"
    for name, text, second in (("a", WRONG, 100), ("b", RIGHT, 200), ("c", WRONG, 300)):
        saved(folder / f"{name}.jsonl", text, second)
    run(settings, folder)
    assert now_and_before(settings)[0] == [WRONG]
    again = run(settings, folder)
    assert (again.updated, again.embedded, again.unchanged) == (0, 0, 1)
    (folder / "c.jsonl").unlink()
    run(settings, folder)
    assert now_and_before(settings)[0] == [RIGHT]


def test_without_an_address_title_and_outlet_tell_a_story(settings: Settings, tmp_path: Path):
    saved(tmp_path / "news" / "a.jsonl", WRONG, 100, url="")
    saved(tmp_path / "news" / "b.jsonl", RIGHT, 200, url="")
    run(settings, tmp_path / "news")
    assert now_and_before(settings)[0] == [RIGHT]


FEED_ID = "tag:quai.example,2023:7"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"id": FEED_ID}, {"id": FEED_ID, "title": "Le pont ouvre", "url": f"{URL}/ouvre"}),
        ({"id": FEED_ID, "url": ""}, {"id": FEED_ID, "title": "Le pont ouvre", "url": ""}),
        ({"url": f"{URL}?utm_source=rss&p=1"}, {"url": f"{URL}?p=1#xtor=RSS-3"}),
        ({"id": f"{URL}?utm_source=a"}, {"id": f"{URL}?utm_source=b"}),
    ],
)
@pytest.mark.parametrize("same_file", [True, False])
def test_another_title_or_address_under_an_id_of_the_world_is_a_newer_version(
    settings: Settings,
    tmp_path: Path,
    before: dict[str, str],
    after: dict[str, str],
    same_file: bool,
):
    folder = tmp_path / "news"
    saved(folder / "a.jsonl", WRONG, 100, **before)
    run(settings, folder)
    saved(folder / ("a.jsonl" if same_file else "b.jsonl"), RIGHT, 200, **after)
    report = run(settings, folder)
    assert (report.added, report.updated, report.renamed, report.failures) == (0, 1, {}, [])
    texts, earlier = now_and_before(settings)
    assert (texts, list(earlier.values())) == ([RIGHT], [(WRONG, today())])


def test_a_correction_of_the_second_outlet_is_a_newer_version_of_its_article(
    settings: Settings, tmp_path: Path
):
    other = {"url": "https://autre.example/1", "source": "Un autre", "title": "La gare"}
    gare, mended = (
        "La gare de Vik ferme mardi pour 3 mois.",
        "La gare de Vik ferme jeudi pour 3 mois.",
    )
    folder = tmp_path / "news"
    saved(folder / "a.jsonl", WRONG, 100)
    saved(folder / "b1.jsonl", gare, 200, **other)
    [_, second] = run(settings, folder).articles
    saved(folder / "b2.jsonl", mended, 300, **other)
    report = run(settings, folder)
    assert (report.added, report.updated, report.renamed) == (0, 1, {})
    texts, earlier = now_and_before(settings)
    assert sorted(texts) == sorted([WRONG, mended])
    assert earlier == {second: (gare, today())}
    again = run(settings, folder)
    assert (again.added, again.updated, again.removed, again.embedded) == (0, 0, 0, 0)


DAY_S = 86_400


@pytest.mark.parametrize("names", ["abc", "cba", "bca"])
def test_the_states_of_a_story_that_are_read_in_one_run_are_kept(
    settings: Settings, tmp_path: Path, names: str
):
    folder = tmp_path / "news"
    states = [WRONG, WRONG.replace("3", "4"), RIGHT]
    for day, (name, text) in enumerate(zip(names, states, strict=True), 1):
        saved(folder / f"{name}.jsonl", text, day * DAY_S)
    run(settings, folder)
    assert now_and_before(settings) == ([RIGHT], {"guid-7": (states[1], "1970-01-04")})
    with closing(archive(settings)) as opened:
        kept = opened.all_earlier()
    assert [text for _, text, _ in kept] == states[:2]
    run(settings, folder)
    run(settings, folder, rebuild=True)
    with closing(archive(settings)) as opened:
        assert opened.all_earlier() == kept


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://autre.example/1", "source": "Un autre"},
        {"url": "", "title": "La gare"},
        {"url": "", "source": "Un autre"},
        {"text": "La boulangerie du quai a brûlé lundi, et personne n'a été blessé."},
    ],
)
def test_another_story_under_the_same_id_is_none_of_its_versions(
    settings: Settings, tmp_path: Path, fields: dict[str, str]
):
    saved(tmp_path / "news" / "a.jsonl", WRONG, 100)
    saved(tmp_path / "news" / "b.jsonl", **{"text": RIGHT, "second": 200, **fields})  # type: ignore[arg-type]
    report = run(settings, tmp_path / "news")
    texts, before = now_and_before(settings)
    assert (sorted(texts), before) == (sorted([WRONG, fields.get("text", RIGHT)]), {})
    assert list(report.renamed.values()) == [1]


def test_a_rebuild_keeps_what_was_before(settings: Settings, tmp_path: Path):
    file = saved(tmp_path / "news" / "a.jsonl", WRONG, 100)
    run(settings, file)
    saved(file, RIGHT, 200)
    run(settings, file)
    run(settings, file, rebuild=True)
    assert now_and_before(settings) == ([RIGHT], {"guid-7": (WRONG, today())})


def test_what_is_removed_is_removed_in_all_its_versions(settings: Settings, tmp_path: Path):
    file = saved(tmp_path / "news" / "a.jsonl", WRONG, 100)
    run(settings, file)
    saved(file, RIGHT, 200)
    run(settings, file)
    remove_articles(["guid-7"], settings)
    with closing(archive(settings)) as opened:
        assert opened.all_earlier() == []


def test_a_title_put_right_is_no_new_version_of_the_text(settings: Settings, tmp_path: Path):
    file = saved(tmp_path / "news" / "a.jsonl", WRONG, 100)
    run(settings, file)
    saved(file, WRONG, 200, title="Le vieux pont")
    assert run(settings, file).updated == 1
    assert now_and_before(settings) == ([WRONG], {})
