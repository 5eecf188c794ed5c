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
from transformers import AttentionInterface, AttentionMaskInterface, BertConfig, BertModel
from transformers.masking_utils import eager_mask

MOST_TOKENS = 384
QUESTION_TOKENS = 64
IMPOSSIBLE = -1e4
LENGTH_STEP = 32


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention in the precision of its inputs.

    On a CPU with bfloat16 a step of training takes two thirds of the time that PyTorch's own
    fused attention takes there, whose backward pass is slow.
    """
    assert scaling is not None
    scores = torch.matmul(query * scaling, key.transpose(2, 3))
    if attention_mask is not None:
        scores = scores + attention_mask.to(scores.dtype)
    weights = torch.softmax(scores, -1, dtype=scores.dtype)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


AttentionInterface.register("plain", _attend)
AttentionMaskInterface.register("plain", eager_mask)


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
            attn_implementation="plain",
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=0.0,
            dtype=torch.float32,
        )
        return cls(encoder)

    @classmethod
    def load(cls, path: Path, folder: Path) -> ReaderNetwork:
        """A trained one from its state file; its shape is that of the embedder in `folder`."""
        config = BertConfig.from_pretrained(folder, attn_implementation="plain")
        network = cls(BertModel(config, add_pooling_layer=False))
        network.load_state_dict(torch.load(path, weights_only=True)["network"])
        return network.eval()

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Span logits (n, tokens, 2), impossible ones very low; relevance logits (n,)."""
        states = self.encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
        spans = self.span(states).float()
        spans = spans.masked_fill(~batch.answer[:, :, None], IMPOSSIBLE)
        return spans, self.relevance(states[:, 0]).float().squeeze(-1)


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

    def __init__(self, folder: Path, most: int = MOST_TOKENS) -> None:
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
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
