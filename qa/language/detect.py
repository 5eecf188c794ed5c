"""Which language an article or a question is written in.

Articles are expected in French or English and may be in any language that py3langid knows: another
one is believed only when it is far likelier than both, since a brief of three words resembles many
languages a little. Questions are told between French and English only, since these are the
languages we answer in. A question is short and full of names,
so its small words vote first, and the statistics decide only what they leave open or what one word
alone says. A word in capitals ("UN"), or one that begins a name ("Le Pen"), has no vote. A name
alone ("Haftar Tobrouk ?") tells nothing: the caller's default stands.

Knows nothing about articles or chats. py3langid and numpy load at the first use, not at import.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

QuestionLanguage = Literal["fr", "en"]

# An article says what it is in its first paragraphs; the rest would cost time and tell nothing.
_ENOUGH = 4000
# How many times likelier than French and English another language has to be (natural logarithm).
# French and English headlines stay below 16, lists of foreign names below 50; a whole sentence of
# German, Dutch, Spanish, Italian or Luxembourgish is at 90 and more.
_FAR_LIKELIER = 50.0
# Below this share of probability the statistics are guessing, for instance over a bare name.
_SURE_QUESTION = 0.8


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that one language uses all the time and the other never does ("on", "or", "main", "me"
# belong to both and are left out). Asking words count double: "Qui dirige The Guardian ?" is
# French although it holds one small word of each language.
_ASKING: dict[QuestionLanguage, frozenset[str]] = {
    "fr": _words(
        "qui que quoi quand où comment pourquoi combien quel quelle quels quelles lequel laquelle"
        " lesquels lesquelles qu est-ce est-il est-elle sont-ils sont-elles a-t-il a-t-elle"
        " a-t-on ont-ils y-a-t-il"
    ),
    "en": _words(
        "who whom whose what when where why how which does did do is are was were has have"
        " didn doesn don isn aren wasn weren hasn haven"
    ),
}
_SMALL: dict[QuestionLanguage, frozenset[str]] = {
    "fr": _words(
        "le la les un une des du de au aux et ou ce cet cette ces il elle ils elles nous vous je tu"
        " leur leurs sa ses mon ma mes ta tes notre nos votre vos y en est sont était étaient été"
        " être avoir fut furent ont avait avaient sera seront fait peut peux doit faut dans"
        " sur avec sans sous par chez vers entre depuis pendant avant après selon lors ne pas"
        " plus moins très aussi donc car mais puis alors ça cela celui celle ceux lui eux moi toi"
        " merci bonjour bonsoir salut oui non voici voilà quelqu aujourd hier demain ici là"
        " encore toujours jamais rien tout tous toute toutes autre autres même si quelques"
        " plusieurs année années"
    ),
    "en": _words(
        "the an of and to in at by for from with without about into after before during since"
        " between under over this that these those there here he she it its they them their his"
        " her him you your we our us my i be been being had can could will would shall should"
        " may might must not no yes or but if then than so because only also any some all more"
        " most many much last next first year years thanks thank hello hi please okay ok tell"
        " give explain show list name really"
    ),
}
# English has these as well: "car recall", "Disney Plus", "UN". Alone they decide nothing.
_WEAK = _words("car plus un")
_ARTICLES = _words("la le les de du des")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# "l'armée", "d'où", "qu'est", but not "O'Brien"; "army's", "didn't", but not "aujourd'hui".
_FRENCH_ELISION = re.compile(r"\b(?:[ldnscjmt]|qu|jusqu|lorsqu|puisqu)['’](?=[^\W\d_]{2})", re.I)
_ENGLISH_APOSTROPHE = re.compile(r"[^\W\d_](?:['’](?:s|re|ll|ve|d|m)|n['’]t)\b", re.I)


def detect(text: str, default: str | None = None) -> str:
    """The ISO 639-1 code of an article's language.

    Args:
        text: title and body; the more, the surer.
        default: what to answer when the text does not tell, as one of digits only does not.
    Raises:
        ValueError: the text does not tell, and there is no default.
    """
    start = text[:_ENOUGH]
    if any(char.isalpha() for char in start):
        likelihoods = dict(_identifier().rank(start.lower() if start.isupper() else start))
        ours = max(("fr", "en"), key=likelihoods.__getitem__)
        likeliest = max(likelihoods, key=likelihoods.__getitem__)
        far = likelihoods[likeliest] - likelihoods[ours] > _FAR_LIKELIER
        return str(likeliest) if far else ours
    if default is None:
        raise ValueError("the text does not tell its language; name it")
    return default


def far_likelier(text: str, language: str, other: str) -> bool:
    """Whether a text is surely in one language rather than in another; no, if that is unknown."""
    likelihoods = dict(_identifier().rank(text[:_ENOUGH]))
    return bool(likelihoods[language] - likelihoods.get(other, 0.0) > _FAR_LIKELIER)


def question_language(text: str, default: QuestionLanguage = "en") -> QuestionLanguage:
    """Whether a question is French or English; `default` when neither shows."""
    words = _unnamed(text)
    small = [w.lower() for w in words if text.isupper() or len(w) == 1 or not w.isupper()]
    french, english = (_votes(text, small, language) for language in ("fr", "en"))
    if abs(french - english) > 1 or (french and english and french != english):
        return "fr" if french > english else "en"
    sure = _SURE_QUESTION
    if french != english and _WEAK.intersection(small):
        sure = 0.0
    elif french != english:
        default = "fr" if french else "en"
    if not any(char.isalpha() for char in text):
        return default
    language, confidence = _french_or_english().classify(" ".join(words) or text)
    if confidence < sure:
        return default
    return "fr" if language == "fr" else "en"


def is_latin(text: str) -> bool:
    """Whether most letters of a text are Latin ones, as those of French and English are."""
    letters = [char for char in text if char.isalpha()]
    latin = sum(unicodedata.name(char, "").startswith("LATIN") for char in letters)
    return 2 * latin >= len(letters)


def _unnamed(text: str) -> list[str]:
    """The words of a text but the small ones that are written like a part of a name.

    That is an article with a capital before another capital ("Le Pen", "Des Moines"), and a weak
    word with one inside the text ("Disney Plus"). A text in capitals shows no names.
    """
    words = _WORD.findall(text)
    if text.isupper():
        return words
    kept: list[str] = []
    for number, (word, following) in enumerate(zip(words, [*words[1:], ""], strict=False)):
        before_name = word.lower() in _ARTICLES and following[:1].isupper()
        inside = number > 0 and word.lower() in _WEAK
        if not (word[0].isupper() and not word.isupper() and (before_name or inside)):
            kept.append(word)
    return kept


def _votes(text: str, words: list[str], language: QuestionLanguage) -> int:
    """How many marks of a language a question bears, asking words twice."""
    small = sum(word in _SMALL[language] for word in words)
    asking = sum(word in _ASKING[language] for word in words)
    marks = _FRENCH_ELISION if language == "fr" else _ENGLISH_APOSTROPHE
    return small + 2 * asking + len(marks.findall(text))


@cache
def _identifier() -> LanguageIdentifier:
    """The trained identifier of all languages, whose figures are logarithms of likelihoods."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)


@cache
def _french_or_english() -> LanguageIdentifier:
    """The same for the two languages alone, whose figures are probabilities."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(("fr", "en"))
    return identifier
