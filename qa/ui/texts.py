"""Every string that the page shows, in French and in English.

A dataclass, so that a string missing in one language is an error before the page is built.
Answers are not here: they are in the language of the question, whatever the page speaks.
"""

from __future__ import annotations

from dataclasses import dataclass

from qa.answer import Language
from qa.article import PartialDate
from qa.errors import AnswerError, IndexUnusable, ModelError, QAError


@dataclass(frozen=True, slots=True)
class Texts:
    """The interface in one language. Braces mark what is filled in."""

    language: Language
    tagline: str
    switch: str
    welcome: str
    welcome_more: str
    question: str
    placeholder: str
    send: str
    stop: str
    retry: str
    clear: str
    you: str
    assistant: str
    searching: str
    in_line: str
    writing: str
    draft: str
    stopped: str
    understood: str
    evidence: str
    nearest: str
    source_of: str
    quotes_instead: str
    left_out: str
    failed: str
    no_model: str
    no_index: str
    too_long: str
    article: str
    panel_empty: str
    close: str
    untitled: str
    undated: str
    article_gone: str
    unreachable: str
    filters: str
    filters_on: str
    since: str
    until: str
    date_hint: str
    source: str
    article_language: str
    all_languages: str
    remove_filters: str
    only: str
    first: str
    unmet_source: str
    unmet_date: str
    unmet_both: str
    copies: str
    sources_of_copies: str
    from_day: str
    to_day: str
    bad_date: str
    empty_window: str
    model_none: str
    model_fetching: str
    model_loading: str
    model_failed: str
    first_of_month: str
    months: tuple[str, ...]
    languages: tuple[tuple[str, str], ...]

    def day(self, date: PartialDate | None) -> str:
        """A date in words, to the precision known."""
        if date is None:
            return self.undated
        if date.month is None:
            return str(date.year)
        month = self.months[date.month - 1]
        if date.day is None:
            return f"{month} {date.year}"
        day = self.first_of_month if date.day == 1 else str(date.day)
        return f"{day} {month} {date.year}"

    def trouble(self, error: QAError) -> str:
        """What a visitor is told of an error; its own words are for the log."""
        match error:
            case AnswerError() | ModelError():
                return self.no_model
            case IndexUnusable():
                return self.no_index
            case _:
                return self.failed

    def language_name(self, code: str) -> str:
        """What a language is called in this one; the code itself when unknown."""
        return dict(self.languages).get(code, code)


FRENCH = Texts(
    language="fr",
    tagline="Des réponses tirées des articles, avec la phrase exacte",
    switch="Langue de l’interface",
    welcome="Interrogez les articles",
    welcome_more="Posez une question en français ou en anglais. Chaque réponse s’appuie sur des "
    "phrases citées mot pour mot ; si les articles ne disent rien, la réponse le dit.",
    question="Votre question",
    placeholder="Posez une question…",
    send="Envoyer",
    stop="Arrêter",
    retry="Réessayer",
    clear="Nouvelle conversation",
    you="Vous",
    assistant="Réponse",
    searching="Recherche dans les articles…",
    in_line="Le modèle de langue répond à d’autres questions ; rang dans la file : {place}",
    writing="Rédaction en cours…",
    draft="Brouillon : pas encore comparé aux articles",
    stopped="Réponse interrompue.",
    understood="Compris comme",
    evidence="Sources",
    nearest="Articles les plus proches",
    source_of="Source {n} : {title}",
    quotes_instead="Voici les citations, sans texte du modèle de langue.",
    left_out="Ce qu’aucun passage des articles ne confirme a été retiré de la réponse.",
    failed="Une erreur inattendue s’est produite. Le détail est dans le journal du serveur ; "
    "vous pouvez réessayer.",
    no_model="Le modèle de langue ne peut pas répondre pour l’instant. Réessayez plus tard ; le "
    "journal du serveur dit pourquoi.",
    no_index="Les articles ne peuvent pas être lus pour l’instant. Réessayez plus tard ; le "
    "journal du serveur dit pourquoi.",
    too_long="Votre question a {characters} caractères ; {most} sont permis. Raccourcissez-la.",
    article="Article",
    panel_empty="Cliquez sur le numéro d’une source : l’article s’ouvre ici, la phrase citée "
    "surlignée.",
    close="Fermer",
    untitled="Article sans titre",
    undated="date inconnue",
    article_gone="Cet article n’est plus dans l’index.",
    unreachable="Le serveur ne répond pas : l’article n’a pas pu être ouvert. Vérifiez qu’il "
    "tourne encore, puis cliquez à nouveau.",
    filters="Filtres",
    filters_on="Filtres ({n})",
    since="Depuis",
    until="Jusqu’à",
    date_hint="p. ex. 2017-01",
    source="Source",
    article_language="Langue des articles",
    all_languages="toutes",
    remove_filters="Retirer les filtres",
    only="Seulement",
    first="Cherché d’abord",
    unmet_source="Aucun article n’est de cette source ; la recherche a porté sur les autres.",
    unmet_date="Aucun article n’est de cette date ; la recherche a porté sur les autres.",
    unmet_both="Aucun article de cette source n’est de cette date ; la recherche a porté sur les "
    "autres.",
    copies="Même texte : {articles} articles",
    sources_of_copies="{sources} sources",
    from_day="depuis le {day}",
    to_day="jusqu’au {day}",
    bad_date="« {value} » n’est pas une date comme 2017, 2017-01 ou 2017-01-11.",
    empty_window="La période de {since} à {until} est vide ; échangez les deux dates.",
    model_none="Sans modèle de langue : les réponses sont des citations des articles.",
    model_fetching="Téléchargement du modèle de langue {name} : {percent} % ({note}). D’ici là, "
    "les réponses citent les articles.",
    model_loading="Chargement du modèle de langue {name}… D’ici là, les réponses citent les "
    "articles.",
    model_failed="Le modèle de langue {name} n’a pas pu être chargé ; le journal du serveur dit "
    "pourquoi. Les réponses citent les articles.",
    first_of_month="1er",
    months=(
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    languages=(("fr", "français"), ("en", "anglais")),
)

ENGLISH = Texts(
    language="en",
    tagline="Answers from the articles, with the exact sentence",
    switch="Interface language",
    welcome="Ask the articles",
    welcome_more="Ask in French or English. Every answer rests on sentences quoted word for word; "
    "when the articles do not say, the answer tells you so.",
    question="Your question",
    placeholder="Ask a question…",
    send="Send",
    stop="Stop",
    retry="Retry",
    clear="New conversation",
    you="You",
    assistant="Answer",
    searching="Searching the articles…",
    in_line="The language model is answering others; your place in line: {place}",
    writing="Writing…",
    draft="Draft: not yet compared with the articles",
    stopped="The answer was stopped.",
    understood="Understood as",
    evidence="Sources",
    nearest="Nearest articles",
    source_of="Source {n}: {title}",
    quotes_instead="These are the quotes, without the language model’s words.",
    left_out="What no passage of the articles confirms was left out of the answer.",
    failed="Something unexpected went wrong. The details are in the server’s log; you can try "
    "again.",
    no_model="The language model cannot answer just now. Try again later; the server’s log says "
    "why.",
    no_index="The articles cannot be read just now. Try again later; the server’s log says why.",
    too_long="Your question has {characters} characters; {most} are allowed. Shorten it.",
    article="Article",
    panel_empty="Click a source number: the article opens here, with the quoted sentence "
    "highlighted.",
    close="Close",
    untitled="Untitled article",
    undated="date unknown",
    article_gone="This article is no longer in the index.",
    unreachable="The server does not answer, so the article could not be opened. Check that it is "
    "still running, then click again.",
    filters="Filters",
    filters_on="Filters ({n})",
    since="Since",
    until="Until",
    date_hint="e.g. 2017-01",
    source="Source",
    article_language="Language of the articles",
    all_languages="all",
    remove_filters="Remove the filters",
    only="Only",
    first="Searched first",
    unmet_source="No article is from that outlet; the others were searched.",
    unmet_date="No article is of that date; the others were searched.",
    unmet_both="No article from that outlet is of that date; the others were searched.",
    copies="Same text: {articles} articles",
    sources_of_copies="{sources} sources",
    from_day="since {day}",
    to_day="until {day}",
    bad_date="“{value}” is not a date like 2017, 2017-01 or 2017-01-11.",
    empty_window="The window from {since} to {until} is empty; swap the two dates.",
    model_none="Without a language model: answers are quotes from the articles.",
    model_fetching="Fetching the language model {name}: {percent} % ({note}). Answers quote the "
    "articles until then.",
    model_loading="Loading the language model {name}… Answers quote the articles until then.",
    model_failed="The language model {name} could not be loaded; the server’s log says why. "
    "Answers quote the articles.",
    first_of_month="1",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    languages=(("fr", "French"), ("en", "English")),
)

TEXTS: dict[Language, Texts] = {"fr": FRENCH, "en": ENGLISH}


def language_of(value: str | None) -> Language:
    """The interface language for a browser's or a person's choice; English for any other."""
    return "fr" if (value or "").lower().startswith("fr") else "en"
