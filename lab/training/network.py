"""The network: a BERT encoder with two small heads over question and passage read together.

    <s> question </s> </s> passage </s>   →   a start and an end logit of every passage token and
                                              of <s>, which stands for "no answer";
                                              one relevance logit of <s>

Word vectors stay as they are in the embedder, so the export can leave out pieces that French and
English never use.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import BertModel

MOST_TOKENS = 384
QUESTION_TOKENS = 64
IMPOSSIBLE = -1e4
LENGTH_STEP = 32
# Of a layer, in the order in which `qa.models.conversion.int8_writer` writes them.
_PRODUCTS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


class ReaderNetwork(nn.Module):
    """The encoder and its heads."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.span = nn.Linear(encoder.config.hidden_size, 2)
        self.relevance = nn.Linear(encoder.config.hidden_size, 1)
        for head in (self.span, self.relevance):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    @classmethod
    def start(cls, folder: Path, dropout: float) -> ReaderNetwork:
        """With the weights of the embedder in a sentence-transformers folder, heads fresh."""
        encoder = BertModel.from_pretrained(
            folder,
            add_pooling_layer=False,
            attn_implementation="sdpa",
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=0.0,
            dtype=torch.float32,
        )
        return cls(encoder)

    def forward(self, batch: Batch, words: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Span logits (n, tokens, 2), impossible ones very low; relevance logits (n,).

        Args:
            batch: n questions with passages.
            words: (n, tokens, width), word vectors to use instead of those of the batch's tokens.
        """
        told = {"input_ids": batch.ids} if words is None else {"inputs_embeds": words}
        states = self.encoder(attention_mask=batch.mask, **told).last_hidden_state
        spans = self.span(states).float()
        spans = spans.masked_fill(~batch.answer[:, :, None], IMPOSSIBLE)
        return spans, self.relevance(states[:, 0]).float().squeeze(-1)


def loss_of(spans: Tensor, relevance: Tensor, right: Tensor, weight: float) -> Tensor:
    """The mean of the cross-entropies of start and end, marginal over equally right spans, plus
    `weight` times the binary cross-entropy of relevance. A passage that does not answer has its
    start and end at <s>.

    Args:
        spans, relevance: what a network says.
        right: (n, tokens, 2) bool, where right answers start and end.
        weight: of relevance.
    """
    reachable = torch.logsumexp(spans.masked_fill(~right, IMPOSSIBLE), dim=1)
    span_loss = (torch.logsumexp(spans, dim=1) - reachable).mean()
    answers = (~right[:, 0, 0]).float()
    return span_loss + weight * binary_cross_entropy_with_logits(relevance, answers)


def exported(file: Path) -> dict[str, Tensor]:
    """The layers and heads of a reader that `export` wrote, by this network's names."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(file).graph
    of = {c.name: torch.from_numpy(numpy_helper.to_array(c).copy()) for c in graph.initializer}
    nodes = list(graph.node)
    norms = [n for n in nodes if n.op_type == "LayerNormalization"]
    products = [i for i, n in enumerate(nodes) if n.op_type == "MatMulInteger"]
    depth = len(products) // len(_PRODUCTS)
    layers = [f"encoder.encoder.layer.{n}" for n in range(depth)]
    places = [f"{layer}.{name}" for layer in layers for name in _PRODUCTS]
    found = {}
    for name, at in zip(places, products, strict=True):
        # product, as float, its steps, two sizes, bias: as `int8_writer` writes them
        steps, bias = nodes[at + 2].input[1], nodes[at + 5].input[1]
        found[f"{name}.weight"] = (of[nodes[at].input[1]].float() * of[steps]).T.contiguous()
        found[f"{name}.bias"] = of[bias]
    places = ["encoder.embeddings.LayerNorm", *(f"{la}.{n}" for la in layers for n in _NORMS)]
    for name, norm in zip(places, norms, strict=True):
        found[f"{name}.weight"], found[f"{name}.bias"] = of[norm.input[1]], of[norm.input[2]]
    made = {output: node for node in nodes for output in node.output}
    for name in ("span", "relevance"):
        bias = made[made[name].input[0]]
        found[f"{name}.weight"] = of[made[bias.input[0]].input[1]].T.contiguous()
        found[f"{name}.bias"] = of[bias.input[1]]
    return found


def vectors(file: Path) -> dict[str, Tensor]:
    """The word and place vectors of a reader that `export` wrote, by this network's names.

    Token types are part of the place vectors there, so those here are zero.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(file).graph
    of = {c.name: torch.from_numpy(numpy_helper.to_array(c).copy()) for c in graph.initializer}
    gathered = [of[n.input[0]].float() for n in graph.node if n.op_type == "Gather"][:2]
    [places] = [of[n.input[0]] for n in graph.node if n.op_type == "Slice"]
    stem = "encoder.embeddings"
    return {
        f"{stem}.word_embeddings.weight": gathered[0] * gathered[1],
        f"{stem}.position_embeddings.weight": places,
        f"{stem}.token_type_embeddings.weight": torch.zeros(2, places.shape[1]),
    }


@dataclass(frozen=True)
class Plan:
    """Of a teacher or a student.

    Attributes:
        start: `embedder`, or `reader` for the one that ships.
        rate: of learning, at its peak; each layer learns at `layer_decay` of that of the layer
            above it, and the `frozen` lowest do not learn.
        clozes: rows made by rule, gone through first.
        french: how often a pass goes over the French questions, which are fewer.
        negatives: share of questions that also come with a passage that does not answer.
        swapped: share that come again with a name, number or opposite exchanged.
        question, passage, both: shares of the examples that have these in the other language.
        adversarial: length of a step against the loss in the word vectors, as a share of theirs;
            0 for none.
        agree: weight of the divergence between two passes with different dropout; 0 for one pass.
        hard: of a student, the share of people's answers in its loss, where there are any.
    """

    name: str
    seed: int
    start: str = "embedder"
    epochs: float = 4
    batch: int = 32
    rate: float = 3e-4
    layer_decay: float = 0.93
    frozen: int = 0
    warmup: float = 0.06
    weight_decay: float = 0.01
    dropout: float = 0.1
    relevance: float = 0.5
    clozes: int = 10_000
    french: int = 2
    negatives: float = 0.6
    swapped: float = 0.3
    question: float = 0.2
    passage: float = 0.1
    both: float = 0.2
    adversarial: float = 0.0
    agree: float = 0.0
    hard: float = 0.3


def rates_of(network: ReaderNetwork, plan: Plan) -> list[dict[str, Any]]:
    """Parameters with their rates: lower layers learn slower, word vectors not at all."""
    for parameter in network.encoder.embeddings.parameters():
        parameter.requires_grad = False
    layers = network.encoder.encoder.layer
    found = []
    for depth, layer in enumerate(layers):
        if depth < plan.frozen:
            for parameter in layer.parameters():
                parameter.requires_grad = False
        else:
            rate = plan.rate * plan.layer_decay ** (len(layers) - 1 - depth)
            found += _decayed(layer, rate, plan.weight_decay)
    for head in (network.span, network.relevance):
        found += _decayed(head, plan.rate, plan.weight_decay)
    return found


def _decayed(module: nn.Module, rate: float, decay: float) -> list[dict[str, Any]]:
    matrices = [p for p in module.parameters() if p.ndim > 1]
    others = [p for p in module.parameters() if p.ndim == 1]
    return [
        {"params": matrices, "lr": rate, "weight_decay": decay},
        {"params": others, "lr": rate, "weight_decay": 0.0},
    ]


@dataclass(frozen=True)
class Batch:
    """n questions with passages as tensors.

    Attributes:
        ids, mask: (n, tokens) int64.
        answer: (n, tokens) bool, where an answer may begin or end: passage tokens and the first.
        encodings: of the tokenizer, for offsets.
    """

    ids: Tensor
    mask: Tensor
    answer: Tensor
    encodings: Sequence[Encoding]


class Encoder:
    """Texts → batches."""

    def __init__(
        self, folder: Path, most: int = MOST_TOKENS, tokenizer: Tokenizer | None = None
    ) -> None:
        self.tokenizer = tokenizer or Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        most = min(most, config["max_position_embeddings"])
        self.tokenizer.enable_truncation(most, strategy="only_second")

    def encode(self, question: str, passage: str) -> Encoding:
        """One pair; the passage is cut where the limit ends."""
        return self.tokenizer.encode(self.clipped(question), passage)

    def clipped(self, question: str) -> str:
        """The question's first `QUESTION_TOKENS` tokens."""
        offsets = self.tokenizer.encode(question, add_special_tokens=False).offsets
        return (
            question[: offsets[QUESTION_TOKENS][0]] if len(offsets) > QUESTION_TOKENS else question
        )

    def batch(self, encodings: Sequence[Encoding]) -> Batch:
        """Padded to the longest, rounded up: the CPU's kernels are made anew for each length."""
        longest = -(-max(len(e.ids) for e in encodings) // LENGTH_STEP) * LENGTH_STEP
        ids = np.full((len(encodings), longest), 1, np.int64)
        mask = np.zeros((len(encodings), longest), np.int64)
        answer = np.zeros((len(encodings), longest), bool)
        for row, e in enumerate(encodings):
            n = len(e.ids)
            ids[row, :n], mask[row, :n] = e.ids, 1
            answer[row, :n] = [which == 1 for which in e.sequence_ids]
            answer[row, 0] = True
        as_tensor = torch.from_numpy
        return Batch(as_tensor(ids), as_tensor(mask), as_tensor(answer), encodings)
