"""Reader: the shortest span of each passage that answers a question, and whether any does.

Question and passage go through one small network together. It points into the passage and writes
nothing, so what it says is always a slice. It runs in ONNX Runtime in whole numbers, from one file
in the package that holds its tokenizer as well; how it was made, from which data, and how far to
trust it is in weights/reader.md.

Source of the form: Devlin et al., BERT, NAACL 2019, arXiv:1810.04805, section 4.3 (spans against
"no answer"); of one relevance score beside it: Karpukhin et al., DPR, EMNLP 2020,
arXiv:2004.04906. Knows nothing about articles, chunks or indexes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from tokenizers import Encoding, Tokenizer

from qa.errors import ModelError
from qa.models.onnx_session import cores, open_session
from qa.models.spans import best_span

WEIGHTS = Path(__file__).parent / "weights" / "reader.onnx"
# How the file's contents are read; another way of making it gets another number.
FORMAT = 2
SPAN_TOKENS = 40
# Another span of a passage is told when it is at most this much less likely, as a logit.
_ALSO = 2.0
# So many of a window are weighed against each other.
_LIKELY = 20
_IMPOSSIBLE = -1e9
_QUESTION_CHARS = 300


@dataclass(frozen=True, slots=True)
class Span:
    """A span of a passage that may answer.

    Attributes:
        passage: which of the passages, from 0.
        start, end: characters [start, end) of the passage.
        text: the passage's characters there.
        score: how much likelier the likeliest span there is than that the passage does not answer,
            as a logit.
        answerable: calibrated probability, in [0, 1], that the passage answers the question.
        relevance: probability, in [0, 1], of the network's relevance head, uncalibrated.
    """

    passage: int
    start: int
    end: int
    text: str
    score: float
    answerable: float
    relevance: float


class Reader:
    """A loaded reader. `Reader.open` makes one; it may be used from several threads."""

    def __init__(
        self, session: Any, tokenizer: Tokenizer, about: dict[str, Any], threads: int
    ) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._about = about
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    @classmethod
    def open(cls, path: Path = WEIGHTS, threads: int | None = None) -> Self:
        """Load a reader from its file.

        Args:
            path: the package's own unless said otherwise.
            threads: passages read side by side; all cores when not given.
        Raises:
            ModelError: the file is missing, damaged, or no reader of this format.
        """
        if not path.is_file():
            raise ModelError(
                f"the reader {str(path)!r} is missing. Install qa again, or set reader = false."
            )
        session = open_session(path, "Install qa again, or set reader = false.")
        about = json.loads(session.get_modelmeta().custom_metadata_map.get("reader", "{}"))
        if about.get("format") != FORMAT:
            raise ModelError(
                f"{str(path)!r} is no reader of format {FORMAT} (it says {about.get('format')!r}). "
                "Install qa again, or set reader = false."
            )
        tokenizer: Tokenizer = Tokenizer.from_str(
            session.get_modelmeta().custom_metadata_map["tokenizer"]
        )
        tokenizer.no_padding()
        tokenizer.enable_truncation(about["tokens"], stride=about["stride"], strategy="only_second")
        return cls(session, tokenizer, about, threads or cores())

    def read(
        self,
        question: str,
        passages: Sequence[str],
        *,
        titles: Sequence[str] = (),
        most: int = 1,
    ) -> list[Span]:
        """What answers the question in each passage.

        Args:
            question: stand-alone, in French or English; what is beyond 64 tokens is not read.
            passages: in either language, of any length; long ones are read in windows.
            titles: read before each passage and never pointed into; none, or one a passage, which
                may be empty.
            most: spans of one passage; the second and later only where they lie elsewhere and are
                nearly as likely.
        Returns:
            passage by passage, best span first; a passage of white space alone has none.
        Raises:
            ValueError: there are titles, but not one for each passage.
        """
        asked = self._clipped(question)
        pairs = list(zip(titles or [""] * len(passages), passages, strict=True))
        read = self._pool.map(lambda pair: self._one(asked, pair[0], pair[1], most), pairs)
        return [
            Span(number, start, end, passages[number][start:end], *rest)
            for number, spans in enumerate(read)
            for start, end, *rest in spans
        ]

    def _clipped(self, question: str) -> str:
        # A character is a token at most, and the tokenizer would cut only a second text.
        question = question[:_QUESTION_CHARS]
        encoding = self._tokenizer.encode(question, add_special_tokens=False)
        limit = self._about["question_tokens"]
        offsets = encoding.offsets
        return question[: offsets[limit][0]] if len(offsets) > limit else question

    def _one(
        self, question: str, title: str, passage: str, most: int
    ) -> list[tuple[int, int, float, float, float]]:
        before = f"{title}\n" if title else ""
        encoding = self._tokenizer.encode(question, before + passage)
        likely: dict[tuple[int, int], float] = {}
        answerable = relevance = 0.0
        for window in (encoding, *encoding.overflowing):
            scores, own = self._window(window, passage, len(before))
            if scores:
                answerable = max(answerable, self._answerable(own))
                relevance = max(relevance, _sigmoid(own))
            for span, score in scores.items():
                likely[span] = max(score, likely.get(span, score))
        return [
            (*span, score, answerable, relevance) for span, score in _result(passage, likely, most)
        ]

    def _window(
        self, encoding: Encoding, passage: str, shift: int
    ) -> tuple[dict[tuple[int, int], float], float]:
        """The likeliest spans of one window with their scores; the relevance logit."""
        ids = np.array(encoding.ids, np.int64)
        logits, relevance = self._session.run(["span", "relevance"], {"input_ids": ids})
        offsets = np.array(encoding.offsets) - shift
        inside = np.array([which == 1 for which in encoding.sequence_ids])
        inside &= (offsets[:, 1] > offsets[:, 0]) & (offsets[:, 1] > 0)
        rows = np.flatnonzero(inside)
        if not len(rows):
            return {}, float(relevance[0, 0])
        first, last = rows[0], rows[-1] + 1
        scores = _pairs(logits[first:last], inside[first:last])
        nothing = float(logits[0].sum())
        found: dict[tuple[int, int], float] = {}
        possible = np.flatnonzero(scores > _IMPOSSIBLE)
        order = np.argsort(-scores.flat[possible], kind="stable")
        for place in possible[order[:_LIKELY]]:
            a, z = divmod(int(place), scores.shape[1])
            start, end = _trimmed(passage, max(0, offsets[first + a][0]), offsets[first + z][1])
            if start < end:
                found.setdefault((start, end), float(scores[a, z]) - nothing)
        return found, float(relevance[0, 0])

    def _answerable(self, relevance: float) -> float:
        bias, slope = self._about["answerable"]
        return _sigmoid(bias + slope * relevance)


def _result(
    passage: str, likely: dict[tuple[int, int], float], most: int
) -> list[tuple[tuple[int, int], float]]:
    """Spans that lie apart, best first, each with the best score of what it was chosen from."""
    told: list[tuple[tuple[int, int], float]] = []
    while likely and len(told) < most:
        best = max(likely.values())
        if told and best < told[0][1] - _ALSO:
            break
        start, end = best_span(passage, list(likely), list(likely.values()))
        told.append(((start, end), best))
        likely = {(a, z): score for (a, z), score in likely.items() if z <= start or end <= a}
    return told


def _pairs(logits: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(tokens, tokens): the logit of each span [row, column]; impossible ones very low."""
    scores: np.ndarray = logits[:, 0][:, None] + logits[:, 1][None, :]
    allowed = np.tri(len(logits), len(logits), 0, bool).T
    allowed &= np.tri(len(logits), len(logits), SPAN_TOKENS - 1, bool)
    allowed &= inside[:, None] & inside[None, :]
    return np.where(allowed, scores, _IMPOSSIBLE)


_EDGES = frozenset('.,;:!?«»“”"()[]')
_PAIRED = {"(": ")", "[": "]", "«": "»", "“": "”", '"': '"'}


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without white space and punctuation at its edges, but with both halves of a pair."""
    start, end = int(start), int(end)
    while start < end and (text[start].isspace() or text[start] in _EDGES):
        closing = _PAIRED.get(text[start])
        if closing and closing in text[start + 1 : end]:
            break
        start += 1
    while start < end and (text[end - 1].isspace() or text[end - 1] in _EDGES):
        opening = next((o for o, c in _PAIRED.items() if c == text[end - 1]), None)
        if opening and opening in text[start : end - 1]:
            break
        end -= 1
    return start, end


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, x))))
