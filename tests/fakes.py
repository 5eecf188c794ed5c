"""Stand-ins for the models, and a few articles to ask about.

The embedder counts words, so that texts with the same words are near each other; the chat model
says what it is told to, token by token. Both are deterministic and need nothing on disk.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from qa.documents.article import Article
from qa.documents.chunks import split
from qa.language.terms import words
from qa.types import Hit, ScoredSentence


class BagOfWords:
    """Texts → unit vectors of counted words, each cut to its first five letters.

    Every vector shares one large component, as those of E5 do, so cosines lie in [0.85, 1].
    """

    dimension = 512
    runtime = "counting"
    _SHARED = 0.85

    def __init__(self, name: str = "bag-of-words") -> None:
        self.name = name
        self.fingerprint = f"{zlib.crc32(name.encode()):08x}" * 8
        self.calls = 0

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """(len(texts), dimension) float32."""
        self.calls += 1
        return np.stack([self._vector(text) for text in texts])

    def passages_with_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[tuple[int, int]]]
    ) -> list[np.ndarray]:
        """For each text its vector and those of its parts."""
        self.calls += 1
        return [
            np.stack([self._vector(text), *(self._vector(text[a:z]) for a, z in ranges)])
            for text, ranges in zip(texts, parts, strict=True)
        ]

    def _vector(self, text: str) -> np.ndarray:
        counted = np.zeros(self.dimension, np.float32)
        for word in words(text):
            if len(word) > 3 or word[0].isdigit():
                counted[1 + zlib.crc32(word[:5].encode()) % (self.dimension - 1)] += 1
        length = float(np.linalg.norm(counted))
        if length:
            counted *= (1 - self._SHARED) ** 0.5 / length
        counted[0] = self._SHARED**0.5
        vector: np.ndarray = counted / np.linalg.norm(counted)
        return vector


class Scripted(BaseChatModel):
    """A chat model that streams `reply` word by word, whatever it is asked.

    Attributes:
        reply: what it says.
        pause_s: before each word.
        fails_after: words after which `failure` is raised; None never fails.
        failure: what is raised.
        reads: in how many parts it tells that it reads its prompt.
    """

    reply: str
    reads: int = 0
    pause_s: float = 0.0
    fails_after: int | None = None
    failure: Any = None
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _said: list[str] = PrivateAttr(default_factory=list)
    _closed: bool = PrivateAttr(default=False)

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """The messages of each request."""
        return self._asked

    @property
    def said(self) -> list[str]:
        """Every word streamed so far, over all requests."""
        return self._said

    @property
    def closed(self) -> bool:
        """Whether a stream was closed before its end."""
        return self._closed

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        self._asked.append(messages)
        tokens = [f"{word} " for word in self.reply.split(" ")]
        for part in range(1, self.reads + 1):
            told = {"reading": [[part, self.reads]]}
            message = AIMessageChunk(content="", response_metadata=told)
            yield ChatGenerationChunk(message=message)
        try:
            for number, token in enumerate(tokens):
                if number == self.fails_after:
                    raise self.failure
                time.sleep(self.pause_s)
                self._said.append(token)
                yield ChatGenerationChunk(message=AIMessageChunk(content=token))
        except GeneratorExit:
            self._closed = True
            raise
        usage = UsageMetadata(input_tokens=100, output_tokens=len(tokens), total_tokens=100)
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))


# Two tell of one event in both languages, with different details; the others are of other
# places, outlets and precisions of date. None is news: the names are made up.
ARTICLES = {
    "2019-03-pont.md": """---
id: pont
title: Le pont de Kervalec rouvre
date: 2019-03-14
source: Le Courrier
language: fr
---
Le vieux pont de Kervalec a rouvert jeudi aux piétons, après dix-huit mois de travaux. L'ingénieure
Maëlle Tanguy a dirigé le chantier. Les travaux ont coûté 4,2 millions d'euros.

La mairie veut interdire le pont aux voitures. Un vote du conseil municipal est prévu en octobre.
""",
    "2019-03-bridge.md": """---
id: bridge
title: Kervalec bridge opens again
date: 2019-03-15
source: The Harbour Post
language: en
---
The old bridge of Kervalec opened again on Thursday. About two thousand people crossed it in the
rain. Engineer Maëlle Tanguy led the works, which took eighteen months.

Mayor Yann Le Goff wants to close the bridge to cars.
""",
    "phare.txt": "date 2019-05 Le phare de Harwick a été vendu à une association de bénévoles. "
    "Le phare éclaire la baie depuis 1851. Sa présidente, Nora Quill, promet d'ouvrir la tour au "
    "public cet été.\n",
    "strike.txt": "date 2020 Dockers at the port of Sandmouth went on strike for nine days. They "
    "asked for safer cranes. The strike ended when the harbour authority bought three cranes.\n",
    "short.jsonl": '{"id": "lynx", "title": "Lynx seen near Sandmouth", "date": "2021-11-02", '
    '"source": "The Harbour Post", "language": "en", "text": "A lynx was photographed near '
    'Sandmouth on Monday. Biologist Ida Brandt says it came from the hills of Orm."}\n'
    '{"id": "musee", "title": "Un musée du verre", "source": "Le Courrier", "language": "fr", '
    '"text": "Le musée du verre de Lanvollon ouvre ses portes. Il montre six cents vases."}\n',
}
ARTICLE_COUNT = 6


def write_articles(folder: Path) -> Path:
    """Put the articles into a folder, as files of several formats."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ARTICLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def hit(article: Article, score: float = 1.0, **sentence_scores: float) -> Hit:
    """An article's first chunk as if found; `s0=0.9` gives the score of its first sentence."""
    chunk = split(article)[0]
    return Hit(
        chunk=chunk,
        article=article,
        score=score,
        ranks={"dense": 1, "lexical": 1},
        signals={"dense": 0.9, "coverage": 1.0},
        sentences=tuple(
            ScoredSentence(span, sentence_scores.get(f"s{n}", 0.0), dense=0.9, coverage=1.0)
            for n, span in enumerate(chunk.sentences)
        ),
    )
