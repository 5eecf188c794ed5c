"""The strings of what was understood, of why a passage was found and of what to ask next.

As in `texts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa.answer import Language


@dataclass(frozen=True, slots=True)
class EvidenceTexts:
    """In one language. Braces mark what is filled in."""

    change: str
    change_question: str
    remove: str
    ask_again: str
    question: str
    since: str
    until: str
    source: str
    language: str
    no_source: str
    why: str
    why_table: str
    confidence: str
    place: str
    passage: str
    quoted: str
    score: str
    ranks: Mapping[str, str]
    signals: Mapping[str, str]
    reading: Mapping[str, str]
    absent: str
    decimal: str
    suggestions: str

    def number(self, value: float) -> str:
        """Two digits after the decimal mark."""
        return f"{value:.2f}".replace(".", self.decimal)


FRENCH = EvidenceTexts(
    change="Modifier : {label}",
    change_question="Modifier la question",
    remove="Retirer : {label}",
    ask_again="Redemander",
    question="Question",
    since="Depuis",
    until="Jusqu’à",
    source="Source",
    language="Langue des articles",
    no_source="Aucune source ne s’appelle « {value} » ; choisissez-en une de la liste.",
    why="Pourquoi ces passages ?",
    why_table="Les passages trouvés, du meilleur au moins bon, et ce qui parle pour chacun",
    confidence="Confiance : {value}. C’est la probabilité estimée que les citations contiennent la "
    "réponse.",
    place="Place",
    passage="Passage de",
    quoted="Cité comme",
    score="Score",
    ranks={"dense": "Rang par le sens", "lexical": "Rang par les mots"},
    signals={
        "dense": "Sens du passage",
        "sentence_dense": "Sens de la phrase",
        "lexical": "Mots du passage",
        "sentence_lexical": "Mots de la phrase",
        "coverage": "Part des mots",
        "adjacency": "Mots voisins",
    },
    reading={"answerable": "Répond, à la lecture", "relevance": "En parle, à la lecture"},
    absent="–",
    decimal=",",
    suggestions="Pour continuer",
)

ENGLISH = EvidenceTexts(
    change="Change: {label}",
    change_question="Change the question",
    remove="Remove: {label}",
    ask_again="Ask again",
    question="Question",
    since="Since",
    until="Until",
    source="Source",
    language="Language of the articles",
    no_source="No source is called “{value}”; choose one of the list.",
    why="Why these passages?",
    why_table="The passages found, best first, and what speaks for each",
    confidence="Confidence: {value}. That is the estimated probability that the quotes hold the "
    "answer.",
    place="Place",
    passage="Passage of",
    quoted="Quoted as",
    score="Score",
    ranks={"dense": "Rank by meaning", "lexical": "Rank by words"},
    signals={
        "dense": "Meaning of the passage",
        "sentence_dense": "Meaning of the sentence",
        "lexical": "Words of the passage",
        "sentence_lexical": "Words of the sentence",
        "coverage": "Share of the words",
        "adjacency": "Neighbouring words",
    },
    reading={"answerable": "Answers, as read", "relevance": "On topic, as read"},
    absent="–",
    decimal=".",
    suggestions="To go on",
)

EVIDENCE_TEXTS: dict[Language, EvidenceTexts] = {"fr": FRENCH, "en": ENGLISH}
