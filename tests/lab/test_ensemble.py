"""Readers that learn from readers, on a network of one layer and a handful of questions."""

from __future__ import annotations

import json
import lzma
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from lab.training import ensemble, export
from lab.training.ensemble import MEASURED
from lab.training.example import Example
from lab.training.network import Plan, ReaderNetwork, exported
from lab.training.packed import blocks_of, pack, unpacked
from lab.training.pool import pool, rows_of
from lab.training.rows import Rows, prepare
from qa.models.conversion.e5 import dequantise
from tests.lab.test_training import EXAMPLES, VIEWS, folder

__all__ = ["folder"]

PLAN = Plan("one", 1, clozes=3, epochs=2, batch=4, adversarial=0.3, agree=1.0)
BRIDGE = [replace(e, id=f"t:{n}") for n, e in enumerate(EXAMPLES)]
# The network of one layer reads 64 tokens, which these letters alone are known to take few of.
SHORT = Example("t:9", "t", "fr", "abc", "la", "la chat abc", [(3, 7)], ["chat"])


@pytest.fixture
def work(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pool in `pool`, its rows as arrays beside it."""
    torch.manual_seed(5)
    network = ReaderNetwork.start(folder, 0.0)
    monkeypatch.setattr(ensemble, "SHIPPED", tmp_path / "reader.onnx")
    export.export(dict(network.state_dict()), folder, BRIDGE, tmp_path / "reader.onnx")
    sent = tmp_path / "pool"
    sent.mkdir()
    (sent / "config.json").write_text((folder / "config.json").read_text())
    with lzma.open(sent / "pool.json.xz", "wt") as file:
        json.dump(pool([*BRIDGE, SHORT], VIEWS, 3), file)
    for name in MEASURED:
        with lzma.open(sent / f"{name}.json.xz", "wt") as file:
            json.dump([asdict(e) for e in BRIDGE], file)
    prepare(sent, tmp_path, ensemble._tokenizer())
    return tmp_path


def test_a_row_s_spans_are_the_answer_with_a_title_in_front_or_not():
    found = pool(BRIDGE, VIEWS, 3)
    kinds, titled = set(), set()
    for kind, number, _, question, passage, spans in found["rows"]:
        kinds.add(kind)
        text = found["texts"][passage]
        titled.add(text.startswith("The bridge\n"))
        if kind == "asked":
            assert found["texts"][question] == BRIDGE[number].question
            assert [text[a:z] for a, z in spans] == BRIDGE[number].answers
        if kind in ("negative", "swapped"):
            assert spans == []
    assert kinds >= {"asked", "question", "both", "negative", "swapped", "cloze"}
    assert titled == {True, False}


def test_a_negative_row_has_a_passage_that_does_not_answer():
    made = [
        (e.spans, passage)
        for kind, _, e, passage in rows_of(BRIDGE, VIEWS, 3)
        if kind == "negative"
    ]
    assert made == [([], "A lynx.")] * 4


def test_blocks_of_four_bits_come_back_as_they_were():
    codes = np.random.default_rng(1).integers(-8, 8, (6, 32))
    codes[:, 0] = -8
    values = (codes * np.array([[0.5], [0.25], [1], [2], [0.125], [4]])).astype(np.float32)
    blocks = blocks_of(values)
    assert blocks.shape == (6, 18)
    np.testing.assert_array_equal(dequantise(blocks.tobytes()).reshape(6, 32), values)
    with pytest.raises(ValueError, match="blocks of four bits"):
        blocks_of(np.random.default_rng(1).normal(size=(1, 32)))


def test_a_batch_knows_where_the_answer_is(work: Path):
    rows = Rows(work, "cpu")
    tokenizer = Tokenizer.from_str(ensemble._tokenizer())
    made = pool([*BRIDGE, SHORT], VIEWS, 3)
    found, texts = made["rows"], made["texts"]
    [row] = [n for n, (kind, of, *_) in enumerate(found) if (kind, of) == ("asked", 5)][:1]
    nothing = next(n for n, (kind, *_) in enumerate(found) if kind == "negative")
    batch, right = rows.batch([row, nothing])
    [start], [end] = (torch.nonzero(right[0, :, side]).flatten().tolist() for side in (0, 1))
    question, passage = (texts[i] for i in found[row][3:5])
    offsets = tokenizer.encode(question, passage).offsets
    assert passage[offsets[start][0] : offsets[end][1]].strip() == "chat"
    assert batch.answer[0, [start, end]].all()
    assert right[1].nonzero().tolist() == [[0, 0], [0, 1]]
    tokens = int(batch.mask[1].sum())
    assert not batch.answer[1, tokens - 1 :].any()


def test_a_student_learns_what_its_teachers_think(work: Path):
    """A student with no answers of people's own comes nearer to its teacher with every step."""
    sent = work / "pool"
    ensemble.learn(replace(PLAN, start="reader"), sent, work, 600, [])
    [thought, relevant] = ensemble._thoughts(work, ["one"], "cpu")
    assert torch.allclose(thought.float().sum(1), torch.ones(len(thought), 2), atol=0.02)
    assert bool(((relevant > 0) & (relevant < 1)).all())

    student = Plan("pupil", 2, start="reader", hard=0.0, epochs=30, batch=8, rate=5e-3, dropout=0.0)
    distance = []
    for epochs in (1, 30):
        ensemble.learn(replace(student, epochs=epochs), sent, work, 600, ["one"])
        network = ensemble.starting(sent, student)
        network.load_state_dict({**network.state_dict(), **unpacked(work / "pupil")})
        rows = Rows(work, "cpu")
        batch, _ = rows.batch(list(range(len(rows.length))))
        with torch.inference_mode():
            spans, _ = network.eval()(batch)
        own = torch.softmax(spans, 1)
        distance.append(float((own - thought[:, : own.shape[1]].float()).abs().mean()))
    assert distance[1] < 0.7 * distance[0]
    told = json.loads((work / "pupil.json").read_text())
    assert told["steps"] == told["of"] > 100
    assert {"EM", "F1", "AUROC"} <= told["piaf"].keys()


def test_what_is_packed_comes_back_as_near_as_eight_bits_allow(work: Path):
    network = ensemble.starting(work / "pool", replace(PLAN, start="reader"))
    pack(network, work / "packed")
    back = unpacked(work / "packed")
    assert set(back) == set(exported(ensemble.SHIPPED))
    for name, value in back.items():
        own = network.state_dict()[name]
        assert torch.allclose(value, own, atol=float(own.abs().max()) / 250), name
