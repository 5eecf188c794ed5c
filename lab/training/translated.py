"""Questions and passages in the other language, by a translator of rules.

    python -m lab.training.translated [--data DIR]

Apertium (GPL, in Debian) translates through Catalan, the best road it has between English and
French: stiffly, with mistakes, ten thousand passages in ten minutes. The answer is carried along
as a tag in the text, so a translated passage knows where its answer is; one whose tag was torn
apart, or came out without a name of the answer or far longer or shorter, is left out. The reader
learns from them that a question and its passage may be in different languages, and French from
English questions.

Needs `apt-get install apertium apertium-eng-cat apertium-fra-cat`. Written is translated.jsonl, one
`Translation` a line; a file that is there is not made again.

Source: translating the training set, as in d'Hoffschmidt et al., FQuAD, 2020, arXiv:2002.06071,
section 5, there with neural translation.
"""

from __future__ import annotations

import argparse
import html
import itertools
import json
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lab.training.example import Example, load

ROADS = {"en": ("eng-cat", "cat-fra"), "fr": ("fra-cat", "cat-eng")}
OTHER = {"en": "fr", "fr": "en"}
_AT_ONCE = 100
_ROW = re.compile(r"<p>(.*?)</p>", re.S)
_MARKED = re.compile(r"<b>(.*?)</b>", re.S)
_DO = re.compile(r"\b(?:do|does|did) (?!n[o']t)", re.I)
_WORD = re.compile(r"\w{2,}")
_TAG = re.compile(r"</?[a-z][^>]*>")
# A translated answer is at least, and at most, so many times as long as the answer.
_SHORTEST, _LONGEST = 0.7, 2.0
# Characters that may stand between two parts of a tag that the translator split.
_GAP = 6


@dataclass(frozen=True)
class Translation:
    """Of an example.

    Attributes:
        id: of the example.
        question: translated.
        passage: translated.
        spans: of the answer in it; none when the passage does not answer.
        placed: whether the answer was found again; true when there is none.
    """

    id: str
    question: str
    passage: str
    spans: list[tuple[int, int]]
    placed: bool


def translate(rows: Sequence[str], language: str) -> list[str | None]:
    """HTML fragments in the other language, in their order; None for one it cannot do.

    Raises:
        FileNotFoundError: Apertium is not installed.
        subprocess.CalledProcessError: it failed, or lacks the pair.
    """
    parts = [rows[i : i + _AT_ONCE] for i in range(0, len(rows), _AT_ONCE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda part: _translate(part, language), parts)
        return [row for part in done for row in part]


def _translate(rows: Sequence[str], language: str) -> list[str | None]:
    text = "\n".join(f"<p>{row}</p>" for row in rows)
    for pair in ROADS[language]:
        command = ["apertium", "-u", "-f", "html", pair]
        done = subprocess.run(command, input=text, text=True, capture_output=True, check=True)
        text = done.stdout
    found = [" ".join(row.split()) for row in _ROW.findall(text)]
    if len(found) == len(rows):
        return [*found]
    # It stops in the middle of some sentences without saying so: all but those are done again.
    if len(rows) == 1:
        return [None]
    half = len(rows) // 2
    return _translate(rows[:half], language) + _translate(rows[half:], language)


def plain_verb(question: str) -> str:
    """The question without do, does or did, which the translator takes for making."""
    return _DO.sub("", question, count=1)


def marked(text: str, span: tuple[int, int] | None) -> str:
    """`text` as HTML on one line, with the span in <b>."""
    line = re.sub(r"\s", " ", text)
    if span is None:
        return html.escape(line, quote=False)
    start, end = span
    before, inside, after = (
        html.escape(part, quote=False) for part in (line[:start], line[start:end], line[end:])
    )
    return f"{before}<b>{inside}</b>{after}"


def unmarked(row: str) -> tuple[str, tuple[int, int] | None]:
    """The text of a translated row, and where its <b> was; None when it is torn apart."""
    text, places = "", []
    at = 0
    for match in _MARKED.finditer(row):
        text += _plain(row[at : match.start()])
        start = len(text)
        text += _plain(match.group(1))
        places.append((start, len(text)))
        at = match.end()
    text += _plain(row[at:])
    if not places or any(b[0] - a[1] > _GAP for a, b in itertools.pairwise(places)):
        return text, None
    start, end = places[0][0], places[-1][1]
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip())
    return text, (start, start + len(inside.strip()))


def _same(answer: str, text: str, place: tuple[int, int]) -> bool:
    """Whether a translated place looks like all of the answer, and not like a part of it."""
    said = text[slice(*place)]
    named = [word for word in _WORD.findall(answer) if not word.islower() and word in text]
    share = len(said) / len(answer)
    return _SHORTEST <= share <= _LONGEST and all(word in said for word in named)


def _plain(part: str) -> str:
    return html.unescape(_TAG.sub("", part)).replace("*", "").replace("#", "").replace("@", "")


def translations(examples: Sequence[Example]) -> Iterable[Translation]:
    """Of every example that can be translated, in no particular order."""
    for language in ROADS:
        mine = [e for e in examples if e.language == language]
        questions = translate([marked(plain_verb(e.question), None) for e in mine], language)
        passages = translate(
            [marked(e.passage, (e.spans[0][0], e.spans[0][1]) if e.spans else None) for e in mine],
            language,
        )
        for example, question, row in zip(mine, questions, passages, strict=True):
            if question is None or row is None:
                continue
            text, place = unmarked(row)
            spans = []
            if example.spans and place is not None:
                [start, end] = example.spans[0]
                if _same(example.passage[start:end], text, place):
                    spans = [place]
            yield Translation(
                example.id, unmarked(question)[0], text, spans, bool(spans) or not example.spans
            )


class Views:
    """Examples, each with its question, its passage or both in the other language."""

    def __init__(self, examples: Iterable[Example], found: Iterable[Translation]) -> None:
        self._of = {t.id: t for t in found}
        self._passage = {e.passage: self._of[e.id].passage for e in examples if e.id in self._of}

    @classmethod
    def load(cls, examples: Iterable[Example], path: Path) -> Views:
        """From the file that `main` wrote."""
        with path.open(encoding="utf-8") as file:
            return cls(examples, [Translation(**json.loads(line)) for line in file])

    def question(self, example: Example) -> Example:
        """With the question in the other language, if it could be translated."""
        translation = self._of.get(example.id)
        if translation is None:
            return example
        return replace(example, language=OTHER[example.language], question=translation.question)

    def passage(self, example: Example) -> Example | None:
        """With the passage in the other language; None when its answer was not found again."""
        translation = self._of.get(example.id)
        if translation is None or not translation.placed:
            return None
        text = translation.passage
        spans = [(int(a), int(z)) for a, z in translation.spans]
        return replace(
            example,
            passage=text,
            spans=spans,
            answers=[text[a:z] for a, z in spans],
            negatives=[self._passage[n] for n in example.negatives if n in self._passage],
        )


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".training/data"))
    arguments = parser.parse_args()
    target: Path = arguments.data / "translated.jsonl"
    if target.is_file():
        return
    examples = load(arguments.data / "train.jsonl")
    part = target.with_suffix(".part")
    placed = count = 0
    with part.open("w", encoding="utf-8") as file:
        for translation in translations(examples):
            count, placed = count + 1, placed + translation.placed
            file.write(json.dumps(asdict(translation), ensure_ascii=False) + "\n")
    part.replace(target)
    print(f"{target.name}: {count}, of which {placed} with their answer in place")


if __name__ == "__main__":
    main()
