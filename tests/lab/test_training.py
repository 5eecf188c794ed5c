"""How the reader is made, on a network of one layer and a handful of questions."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from lab.training import data, export, measure
from lab.training.cloze import clozes
from lab.training.example import Example
from lab.training.network import Encoder, ReaderNetwork, loss_of
from lab.training.swapped import swapped
from lab.training.translated import Translation, Views, translations, unmarked
from qa.models.conversion import e5
from qa.models.reader import Reader
from tests.models.test_embedder import e5_bytes

PASSAGE = (
    "The bridge at Kervalec was opened in 1911 by Maëlle Tanguy. In 1987 the north tower fell. "
    "It had cost 300,000 francs, and 45 workers from Sandmouth had built it."
)


def example(question: str, answer: str, **fields: object) -> Example:
    start = PASSAGE.index(answer)
    span = (start, start + len(answer))
    made = Example("t:1", "t", "en", question, "The bridge", PASSAGE, [span], [answer], ["A lynx."])
    return replace(made, **fields)  # type: ignore[arg-type]


EXAMPLES = [
    example("When was the Kervalec bridge opened?", "1911"),
    example("Who opened the bridge in 1911?", "Maëlle Tanguy"),
    example("When did the north tower fall?", "1987"),
    example("How many workers from Sandmouth were there?", "45 workers"),
    example("Who sold the bridge?", "1911", spans=[], answers=[]),
]


VIEWS = Views(EXAMPLES, [Translation("t:1", "Quand ?", "Le pont.", [(3, 7)], True)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedder of one layer."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.bin").write_bytes(e5_bytes())
    e5.convert(folder / "tiny.bin", folder)
    return folder


def test_of_two_places_the_one_like_the_question_is_the_answer():
    text = f"In 1911 the king died. {'Much else came. ' * 20}"
    text += "The bridge of Kervalec was opened in 1911 by the mayor."
    document = {"text": text}
    question = {"question": "When was the bridge of Kervalec opened?", "answers": ["1911", "191"]}
    [(start, end)] = data.spans(question, document)
    assert (start, text[start:end]) == (text.rindex("1911"), "1911")


def test_a_place_that_the_set_tells_is_taken():
    question = {"question": "When?", "answers": ["1911"], "answer_starts": [3]}
    assert data.spans(question, {"text": "In 1911 and in 1911"}) == [(3, 7)]


def test_articles_kept_out_are_not_trained_on():
    assert data.kept_out("squad11_dev", {"article": "Oxygen"})
    assert not data.kept_out("squad11_dev", {"article": "Geology"})
    drawn = [data.kept_out("piaf", {"article": f"a{n}"}) for n in range(2000)]
    assert 0.12 < sum(drawn) / 2000 < 0.18


def test_a_cloze_points_to_what_it_leaves_out():
    made = clozes(EXAMPLES, 20, seed=1)
    assert made
    for cloze in made:
        [(start, end)] = cloze.spans
        assert [PASSAGE[start:end]] == cloze.answers
        assert cloze.question.endswith("?")


def test_a_swapped_question_is_another_one_without_an_answer():
    found = list(swapped(EXAMPLES, seed=1))
    assert len(found) >= 3
    asked = {e.question for e in EXAMPLES}
    for made in found:
        assert made.question not in asked
        assert made.spans == []


def test_the_loss_of_a_network_that_knows_nothing(folder: Path):
    """Uniform over the n places an answer may begin: log n; half of log 2 for relevance."""
    network, encoder = ReaderNetwork.start(folder, 0.0), Encoder(folder)
    for head in (network.span, network.relevance):
        torch.nn.init.zeros_(head.weight)
    batch = encoder.batch([encoder.encode("abc", "la chat abc")])
    right = torch.zeros((*batch.ids.shape, 2), dtype=torch.bool)
    right[0, batch.answer[0].nonzero()[-1]] = True
    places = int(batch.answer.sum())
    expected = math.log(places) + 0.5 * math.log(2)
    spans, relevance = network(batch)
    assert loss_of(spans, relevance, right, 0.5).item() == pytest.approx(expected, abs=1e-4)


def test_the_exported_file_says_what_the_network_says(folder: Path, tmp_path: Path):
    """Within what seven bits allow, over a vocabulary without the pieces that nobody needs."""
    torch.manual_seed(3)
    network, encoder = ReaderNetwork.start(folder, 0.0).eval(), Encoder(folder)
    texts = [replace(EXAMPLES[0], question="abc", passage="la chat abc")]
    path = tmp_path / "reader.onnx"
    export.export(dict(network.state_dict()), folder, texts, path)
    reader = Reader.open(path)
    batch = encoder.batch([encoder.encode("abc", "la chat abc la")])
    with torch.inference_mode():
        spans, relevance = network(batch)
    encoding = reader._tokenizer.encode("abc", "la chat abc la")
    assert encoding.offsets == batch.encodings[0].offsets
    ids = np.array(encoding.ids)
    logits, own = reader._session.run(["span", "relevance"], {"input_ids": ids})
    n, answer = len(ids), batch.answer[0].numpy()
    np.testing.assert_allclose(
        logits[answer[:n]],
        spans[0].numpy()[answer],
        atol=0.05 * float(spans[0][answer].abs().max()),
    )
    assert own[0, 0] == pytest.approx(relevance.item(), abs=0.05)


def test_the_answer_is_found_again_in_the_translated_passage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """With a translator that knows two words and keeps tags, as Apertium does."""
    program = tmp_path / "apertium"
    program.write_text("#!/bin/sh\nexec sed -e 's/bridge/pont/g' -e 's/workers/ouvriers/g'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    examples = [replace(EXAMPLES[3], id="a"), replace(EXAMPLES[4], id="b", question="A <b> & c?")]
    found = {t.id: t for t in translations(examples)}
    [(start, end)] = found["a"].spans
    assert found["a"].passage[start:end] == "45 ouvriers"
    assert found["a"].passage.startswith("The pont at Kervalec was opened in 1911 by Maëlle")
    assert found["b"] == Translation("b", "A <b> & c?", found["a"].passage, [], True)


@pytest.mark.parametrize(
    ("row", "text", "said"),
    [
        ("Il a <b>45</b> <b>ouvriers</b>.", "Il a 45 ouvriers.", "45 ouvriers"),
        ("Il a <b>45</b> très bons <b>ouvriers</b>.", "Il a 45 très bons ouvriers.", None),
        ("Il a &lt;b&gt; &amp; <b> 45</b>.", "Il a <b> &  45.", "45"),
        ("Rien.", "Rien.", None),
    ],
)
def test_a_tag_torn_apart_is_no_answer(row: str, text: str, said: str | None):
    found, place = unmarked(row)
    assert found == text
    assert (place and found[slice(*place)]) == said


def test_views_show_an_example_in_the_other_language():
    whole = replace(EXAMPLES[0], id="a", passage="The bridge.", negatives=["Other.", PASSAGE])
    other = replace(EXAMPLES[1], id="b", passage="Other.")
    found = [
        Translation("a", "Quand ?", "Le pont.", [(3, 7)], True),
        Translation("b", "Qui ?", "Autre.", [], False),
    ]
    views = Views([whole, other], found)
    asked = views.question(whole)
    assert (asked.language, asked.question, asked.passage) == ("fr", "Quand ?", "The bridge.")
    seen = views.passage(whole)
    assert seen is not None
    assert (seen.question, seen.answers) == (whole.question, ["pont"])
    assert seen.negatives == ["Autre."], "a passage that was not translated is left out"
    assert views.passage(other) is None


def test_a_pruned_tokenizer_cuts_into_the_same_pieces(folder: Path):
    whole = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    pieces = [(piece, score) for piece, score in whole["model"]["vocab"]]
    full = Tokenizer.from_file(str(folder / "tokenizer.json"))
    used = set(full.encode("la chat").tokens)
    kept = [i for i, (piece, _) in enumerate(pieces) if i < 4 or piece in used]
    assert len(kept) < len(pieces)
    cut = Tokenizer.from_str(json.dumps(export.pruned(whole, kept)))
    assert cut.encode("la chat").tokens == full.encode("la chat").tokens
    assert [kept[i] for i in cut.encode("la chat").ids] == full.encode("la chat").ids


def test_long_passages_are_read_in_windows_that_overlap():
    text = "x" * 3000
    found = measure.windows(text)
    assert all(len(window) <= measure.WINDOW_CHARS for window in found)
    assert len(found) > 2
    assert "".join(window[:800] for window in found[:-1]) + found[-1] == text
