"""What a message asks for, and whether it leans on what was said before it.

    fact     a name, a day, a place, a number      yesno    whether it is so
    list     several of them                       compare  what tells two things apart or ties them
    open     why, how, what happened, what for     summary  an overview; a topic in keywords
    person   who somebody or what something is     index    the collection itself: how many articles
    talk     greetings, thanks, the assistant

By logistic regression, trained by `lab.training.kinds` on questions.tsv and followups_leaning.tsv
there, once on hashed n-grams (Weinberger et al., Feature Hashing, ICML 2009) in which content
words are masked, and once on the query vector of the default embedder. Without that embedder the
n-grams decide alone, and are wrong about twice as often: docs/answering.md has the figures.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from qa.language.detect import question_language
from qa.language.sentences import sentences
from qa.language.terms import fold, only_stop_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

Kind = Literal["fact", "list", "yesno", "open", "summary", "person", "compare", "talk", "index"]
KINDS: tuple[Kind, ...] = get_args(Kind)

WEIGHTS = Path(__file__).parent / "kinds.npz"
BUCKETS = 2048
# From this probability on a message is taken to lean: to carry too much costs less than too little.
LEANS = 0.3
_TOKEN = re.compile(r"\d+|[^\W\d_]+|\?")


class QueryEmbedder(Protocol):
    """What is needed of an embedder."""

    @property
    def fingerprint(self) -> str: ...
    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32, unit length."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Classified:
    """What a message is: its likeliest kind, and how likely it is, in [0, 1], to lean."""

    kind: Kind
    leans: float


def kind_of(question: str, embedder: QueryEmbedder | None = None) -> Kind:
    """What a message in French or English asks for."""
    return read(question, embedder).kind


@lru_cache(maxsize=512)
def read(message: str, embedder: QueryEmbedder | None = None) -> Classified:
    """What a message in French or English is.

    Args:
        message: as typed; of several sentences the last that asks counts.
        embedder: counts where it is the one that the weights were trained with.
    """
    import numpy as np

    weights = _weights()
    asked = asked_sentence(message)
    present = buckets(asked)
    logits = weights["ngrams"][present].sum(0) / len(present) ** 0.5 + weights["ngrams_bias"]
    leans, kinds = logits[-1], _softmax(logits[:-1])
    if embedder is not None and embedder.fingerprint == str(weights["embedder"]):
        logits = embedder.queries([asked])[0] @ weights["vector"] + weights["vector_bias"]
        leans, kinds = logits[-1], kinds * _softmax(logits[:-1])
    return Classified(KINDS[int(kinds.argmax())], float(1 / (1 + np.exp(-leans))))


def asked_sentence(message: str) -> str:
    """The last sentence of a message that asks, else the last; one of a single word is neither."""
    spans = sentences(message, question_language(message))
    several = [span.of(message) for span in spans if " " in span.of(message)]
    asking = [sentence for sentence in several if sentence.endswith("?")]
    return (asking or several or [message])[-1]


def buckets(sentence: str) -> list[int]:
    """The n-grams of a sentence as numbers below `BUCKETS`, each once.

    Words alone; and words two by two and the first two to four, in which content words, which
    name the topic and not the kind, are masked: x, capitalised N, ending in s xs or Ns.
    """
    folded, masked = [], ["^"]
    for match in _TOKEN.finditer(sentence):
        word = fold(match.group())
        if word.isdigit():
            word = "1999" if len(word) == 4 else "0"
        folded.append(word)
        if not word.isdigit() and not only_stop_words(word):
            name = match.start() and match.group()[0].isupper()
            word = ("N" if name else "x") + "s" * word.endswith("s")
        masked.append(word)
    masked.append("$")
    features = {
        *folded,
        *(" ".join(pair) for pair in pairwise(masked)),
        *("^ " + " ".join(masked[:n]) for n in (3, 4, 5)),
        f"words {min(len(folded), 14) // 2}",
        f"content {min(sum(word[0] in 'xN' for word in masked), 6)}",
    }
    return sorted({zlib.crc32(feature.encode()) % BUCKETS for feature in features})


@cache
def _weights() -> dict[str, np.ndarray]:
    """`ngrams` (BUCKETS, kinds + 1), `vector` (d, kinds + 1), their biases, the fingerprint."""
    import numpy as np

    with np.load(WEIGHTS) as file:
        found = dict(file)
    for name in ("ngrams", "vector"):
        found[name] = found[name] * found.pop(f"{name}_scale")
    return found


def _softmax(logits: np.ndarray) -> np.ndarray:
    import numpy as np

    powers: np.ndarray = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())
