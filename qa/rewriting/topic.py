"""The topic: which words of a conversation a follow-up leans on.

Every name and content word of the conversation gets a score, and the best are carried:

    asked     1 in the last question that says something, halved for each one before it; the
              question that opened the topic keeps 0.75
    answered  half as much for a name, less for a word that is said twice; only the last answers
    more for a name, for a word that recurs elsewhere, and in the answer's sentences that share
    a word with the follow-up; less for what is said beside the question, and for an older
    question's words that never recur

so that over a dozen turns the topic is neither lost nor a bag of everything. A question that shares
no word with what was said before opens a new topic (lexical cohesion: Hearst, Computational
Linguistics 23(1), 1997), and what stands before it is forgotten. Which words a reader adds is
learnt from such features in Voskarides et al., QuReTeC, SIGIR 2020; here the weights are set by
hand, see docs/answering.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa.analysis import fold, has_stop_word, terms, words
from qa.language import question_language
from qa.names import MONTHS, names
from qa.rewriting.gate import Turn, needs_history
from qa.rewriting.plain import content, is_plain, without_reaction
from qa.talk import is_small_talk

# Of a question: the next one back, and the one that opened the topic.
_EARLIER, _OPENED = 0.5, 0.75
_NAME, _PLAIN = 1.5, 0.2
# What is said beside a question ("I am planning a trip. Where …?").
_ASIDE = 0.5
# A word that recurs elsewhere, and one of an older question that never does.
_RECURS, _ONCE = 1.3, 0.3
# Of an answer: its names and words, the next one back, a sentence with a word of the follow-up.
_ANSWER_NAME, _ANSWER_WORD, _ANSWER_EARLIER, _ANSWER_NEAR = 0.5, 0.3, 0.3, 1.6
# Where the follow-up has no word of its own ("Why?") it is about the last turn.
_BARE_ANSWER, _BARE_OPENED = 1.8, 0.6
# Below this nothing is carried: of a question that leans wholly, and of one that leans lightly.
_LEAST, _LEAST_LIGHT, _LIGHT = 0.3, 0.5, 3
_NAME_WORDS = 5
# A question of more content words than this opens a topic although it names nothing.
_WHOLE = 3

_CAPITALISED = r"[A-ZÀ-Þ][\w’'-]*"
_NAMES = re.compile(
    rf"{_CAPITALISED}(?:[ \u00a0](?:(?:de|du|des|el|al|of) )?{_CAPITALISED}){{0,3}}"
)
_WORD = re.compile(r"[\w’'-]+")
_INVERSION = re.compile(r"-(?:t-)?(?:il|elle|ils|elles|on|ce|je|tu|nous|vous)$", re.IGNORECASE)
_ELIDED = re.compile(r"^(?:[cdjlmnst]|qu)['’]", re.IGNORECASE)
_OPENS_A_NAME = re.compile(r"^(?:À|A|Au|En|Le|La|Les|The|On|In|An|At)\s+")
_CITATION = re.compile(r"\[\d+\]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_YEAR = re.compile(r"^(?:19|20)\d\d$")


@dataclass
class _Item:
    """A name or word that may be carried: as written, its terms, its score so far."""

    text: str
    key: tuple[str, ...]
    score: float = 0.0
    name: bool = False


def segment(history: Sequence[str]) -> list[Turn]:
    """The turns since the topic last changed, without small talk and citation numbers."""
    turns: list[Turn] = []
    said: set[str] = set()
    pairs = zip(history[::2], [*history[1::2], ""], strict=False)
    for number, (asked, answered) in enumerate(pairs):
        if is_small_talk(asked, history[: 2 * number]):
            continue
        language = question_language(asked)
        own = content(asked, language)
        if not has_stop_word(asked) and not names(asked) and not own & content(answered, language):
            continue  # "asdf qwer"; keywords that found something come back in their answer
        says_enough = bool(names(asked)) or len(own) > _WHOLE
        if own and says_enough and not own & said and not needs_history(asked, language):
            turns, said = [], set()
        turns.append((asked, _CITATION.sub(" ", answered)))
        said |= own | content(answered, language)
    return turns


def carried(text: str, language: str, turns: Sequence[Turn], most: int) -> list[str]:
    """The names and words to add to a follow-up, best first, at most `most` words together."""
    own = set(terms(text, language)) | set(words(text))
    dated = any(_is_date(word) for word in own)
    ranked = [
        item
        for item in _scored(text, language, turns)
        if not set(item.key) <= own
        and not set(words(item.text)) <= own
        and not (dated and any(_is_date(word) for word in words(item.text)))
    ]
    least = _LEAST_LIGHT if most <= _LIGHT else _LEAST
    # A question that leans wholly gets something, however long ago it was said.
    good = [item for item in ranked if item.score >= least] or (ranked[:2] if most > _LIGHT else [])
    chosen: list[str] = []
    left = most
    for item in good:
        size = len(item.text.split())
        if size <= left or not chosen:
            chosen.append(item.text)
            left -= size
    return chosen


def _scored(text: str, language: str, turns: Sequence[Turn]) -> list[_Item]:
    """Everything that the turns name or say, best first."""
    items: dict[tuple[str, ...], _Item] = {}
    bare = not content(without_reaction(text), language)
    saying = [n for n, (asked, _) in enumerate(turns) if content(asked, language)]
    bags = [set(terms(part, language)) for turn in turns for part in turn]
    for n, (asked, answered) in enumerate(turns):
        later = sum(m > n for m in saying)
        weight = max(_EARLIER**later, _OPENED if n == 0 else 0.0)
        weight *= _BARE_OPENED if bare and later else 1.0
        others = set().union(*(bag for place, bag in enumerate(bags) if place != 2 * n))
        for item, aside in _asked(asked, language):
            if set(item.key) & others:
                recurring = _RECURS
            else:
                recurring = _ONCE if later and not item.name else 1.0
            kind = _NAME if item.name else _PLAIN if is_plain(item.text) else 1.0
            _add(items, item, weight * aside * recurring * kind)
        back = len(turns) - 1 - n
        weight = _ANSWER_EARLIER**back * (_BARE_ANSWER if bare else 1.0)
        if back < 3:
            for item, share in _answered(answered, language, set(terms(text, language)), items):
                _add(items, item, weight * share)
    _merge_parts(list(items.values()))
    return sorted((i for i in items.values() if i.score > 0), key=lambda i: -i.score)


def _add(items: dict[tuple[str, ...], _Item], found: _Item, score: float) -> None:
    item = items.setdefault(found.key, _Item(found.text, found.key))
    if found.name and not item.name:
        item.text, item.name = found.text, True
    item.score += score


def _asked(text: str, language: str) -> Iterator[tuple[_Item, float]]:
    """What a user's turn says, each once, and how much it counts there."""
    parts = _SENTENCE_END.split(without_reaction(text))
    asks = any(part.rstrip().endswith("?") for part in parts)
    seen = set()
    for part in parts:
        aside = _ASIDE if asks and not part.rstrip().endswith("?") else 1.0
        for item in _said(part, language):
            if item.key not in seen:
                seen.add(item.key)
                yield item, aside


def _answered(
    text: str, language: str, own: set[str], known: dict[tuple[str, ...], _Item]
) -> Iterator[tuple[_Item, float]]:
    """The names of an answer, and the words that it repeats or takes up."""
    counts: Counter[tuple[str, ...]] = Counter()
    first: dict[tuple[str, ...], _Item] = {}
    near: dict[tuple[str, ...], float] = {}
    for sentence in _SENTENCE_END.split(text):
        factor = _ANSWER_NEAR if own & set(terms(sentence, language)) else 1.0
        for item in _said(sentence, language):
            counts[item.key] += 1
            near[item.key] = max(near.get(item.key, 1.0), factor)
            first.setdefault(item.key, item).name |= item.name
    for key, item in first.items():
        worth = item.name or counts[key] > 1 or key in known
        if worth and not is_plain(item.text):
            share = _ANSWER_NAME if item.name else _ANSWER_WORD
            yield item, share * near[key] * min(2.0, 0.5 + counts[key] / 2)


def _merge_parts(items: Sequence[_Item]) -> None:
    """What is part of a longer name gives its score to it: Haftar to Khalifa Haftar."""
    for part in sorted(items, key=lambda item: -item.score):
        for whole in items:
            if whole.name and set(part.key) < set(whole.key) and whole.score > 0 < part.score:
                whole.score = max(whole.score, part.score + 0.1)
                part.score = 0.0


def _said(text: str, language: str) -> list[_Item]:
    """The names of a text, whole, and its other words, as written, in order."""
    found: list[tuple[int, _Item]] = []
    covered: list[range] = []
    for match in _NAMES.finditer(text):
        name = _name(match.group(), text[: match.start()].rstrip())
        if name:
            found.append((match.start(), _Item(name, _key(name, language), name=True)))
            covered.append(range(*match.span()))
    other = "en" if language == "fr" else "fr"
    for match in _WORD.finditer(text):
        word = _INVERSION.sub("", match.group().strip("'’-"))
        if any(match.start() in span for span in covered) or not terms(
            word, language, asked_in=other
        ):
            continue
        word = re.sub(r"['’]s$", "", _ELIDED.sub("", word))
        if len(word) > 1:
            found.append((match.start(), _Item(word, _key(word, language))))
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def _name(run: str, before: str) -> str | None:
    """A run of capitalised words without what only opens the sentence; None if nothing is left."""
    opens = not before or before[-1] in '.!?:«"“\n—-'
    name = _OPENS_A_NAME.sub("", run)
    if opens and " " not in name:
        return None
    if opens and not terms(name.split()[0], "fr", asked_in="en"):
        name = name.split(None, 1)[1]
    name = re.sub(r"['’]s$", "", _ELIDED.sub("", name))
    told = terms(name, "fr", asked_in="en") and not is_plain(name)
    return name if told and len(name.split()) <= _NAME_WORDS else None


def _key(written: str, language: str) -> tuple[str, ...]:
    return tuple(terms(written, language) or words(written) or [fold(written)])


def _is_date(word: str) -> bool:
    return bool(_YEAR.match(word)) or fold(word) in MONTHS
