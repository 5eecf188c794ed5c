"""The reader that ships: exact offsets, windows, no answer, and what its card says of it."""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qa.documents.article import Article
from qa.documents.parsers import find, read
from qa.errors import ModelError
from qa.models.reader import WEIGHTS, Reader
from tests import DATA, ROOT
from tests.test_layers import loaded_by

CORPUS = ROOT / "corpus"
CROSS_LINGUAL = DATA / "cross_lingual.jsonl"
PASSAGE = (
    "Des instructeurs militaires russes vont former l'armée de Haftar. Les formations auront lieu "
    "à Tobrouk et à Benghazi, a annoncé le colonel Ahmed al-Mesmari jeudi 12 janvier 2017."
)
ELSEWHERE = "Un lynx a été photographié lundi près du village de Kervalec par une promeneuse."


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.open()


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("Où les formations auront-elles lieu ?", "Tobrouk"),
        ("Where will the training take place?", "Benghazi"),
        ("Qui a fait l'annonce ?", "Ahmed al-Mesmari"),
        ("When was it announced?", "12 janvier 2017"),
    ],
)
def test_the_span_answers_in_either_language(reader: Reader, question: str, part: str):
    [span] = reader.read(question, [PASSAGE])
    assert part in span.text
    assert len(span.text) < 60


def test_what_answers_is_told_from_what_does_not(reader: Reader):
    yes, no = reader.read("Où les formations auront-elles lieu ?", [PASSAGE, ELSEWHERE])
    assert (yes.passage, no.passage) == (0, 1)
    assert yes.answerable > no.answerable
    assert yes.relevance > no.relevance


def test_a_title_is_read_and_never_pointed_into(reader: Reader):
    title = "Haftar reçu sur le porte-avions Amiral Kouznetsov"
    [span] = reader.read("Sur quel navire Haftar a-t-il été reçu ?", [PASSAGE], titles=[title])
    assert PASSAGE[span.start : span.end] == span.text
    with pytest.raises(ValueError, match="argument"):
        reader.read("Où ?", [PASSAGE], titles=[title, title])


def test_a_long_passage_is_read_to_its_end(reader: Reader):
    long = f"{ELSEWHERE} " * 60 + PASSAGE
    [span] = reader.read("Où les formations auront-elles lieu ?", [long])
    assert "Tobrouk" in span.text
    assert span.start > len(ELSEWHERE) * 60


def test_several_spans_lie_apart(reader: Reader):
    text = "Le pont a été ouvert en 1911. Selon d'autres sources, le pont a été ouvert en 1912."
    spans = reader.read("Quand le pont a-t-il été ouvert ?", [text], most=2)
    assert {span.text[-4:] for span in spans} == {"1911", "1912"}
    assert spans[0].score >= spans[1].score


def test_nothing_to_read_gives_nothing(reader: Reader):
    assert reader.read("Où ?", []) == []
    assert reader.read("Où ?", [" \n "]) == []
    assert [span.passage for span in reader.read("Où ?", ["", PASSAGE])] == [1]
    assert reader.read("mot " * 500, [PASSAGE])[0].text in PASSAGE


@hypothesis_settings(max_examples=40)
@given(st.text(max_size=200), st.text(max_size=400))
def test_a_span_is_a_slice_whatever_the_text(question: str, passage: str):
    reader = _shared()
    for span in reader.read(question, [passage], titles=["Un titre"], most=3):
        assert passage[span.start : span.end] == span.text
        assert span.text.strip() == span.text != ""
        assert 0 <= span.answerable <= 1
        assert 0 <= span.relevance <= 1


_opened: list[Reader] = []


def _shared() -> Reader:
    if not _opened:
        _opened.append(Reader.open())
    return _opened[0]


def test_side_by_side_is_one_after_the_other(reader: Reader):
    passages = [PASSAGE, ELSEWHERE] * 3
    alone = reader.read("Où les formations auront-elles lieu ?", passages)
    with ThreadPoolExecutor(3) as pool:
        asked = ["Où les formations auront-elles lieu ?"] * 3
        assert all(found == alone for found in pool.map(lambda q: reader.read(q, passages), asked))


def test_the_card_names_the_file_and_its_size():
    card = WEIGHTS.with_suffix(".md").read_text(encoding="utf-8")
    [sum] = re.findall(r"`([0-9a-f]{64})`", card)
    assert sum == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert WEIGHTS.stat().st_size <= 50_000_000


def test_a_missing_damaged_or_foreign_file_is_an_error(tmp_path: Path):
    with pytest.raises(ModelError, match="Install qa again"):
        Reader.open(tmp_path / "none.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(WEIGHTS.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded"):
        Reader.open(damaged)
    model = onnx.load(WEIGHTS)
    for entry in model.metadata_props:
        if entry.key == "reader":
            entry.value = json.dumps({"format": 0})
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ModelError, match="no reader of format"):
        Reader.open(tmp_path / "other.onnx")


def test_no_pytorch_is_imported():
    assert loaded_by("qa.models.reader", heavy="torch transformers") == ""


def articles_of_corpus() -> dict[str, Article]:
    read_all = (article for path in find([CORPUS]) for article in read(path))
    return {article.id: article for article in read_all if isinstance(article, Article)}


def test_the_questions_in_the_other_language_are_about_the_articles():
    """Every answer stands in its article, which is in the other language than the question."""
    articles = articles_of_corpus()
    rows = [json.loads(line) for line in CROSS_LINGUAL.read_text(encoding="utf-8").splitlines()]
    assert len({row["question"] for row in rows}) == 200
    for row in rows:
        [id] = row["doc_ids"]
        assert articles[id].language != row["lang"]
        assert all(answer in articles[id].text for answer in row["answers"]), row["id"]


def test_some_of_them_are_read_right(reader: Reader):
    """A floor under what `lab.benchmarks.reader` reports of all of them."""
    articles = articles_of_corpus()
    rows = [json.loads(line) for line in CROSS_LINGUAL.read_text(encoding="utf-8").splitlines()]
    right = 0
    for row in rows[::5]:
        [span] = reader.read(row["question"], [articles[row["doc_ids"][0]].text])
        right += any(a in span.text or span.text in a for a in row["answers"])
    assert right >= 17, f"{right} of 40"
