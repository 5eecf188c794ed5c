"""The strings of the Articles tab, of adding files, and of the page's frame, as in `texts`."""

from __future__ import annotations

from dataclasses import dataclass

from qa.answer import Language


@dataclass(frozen=True, slots=True)
class ArticleTexts:
    """The tab in one language. Braces mark what is filled in."""

    views: str
    ask: str
    articles: str
    lightness: str
    search: str
    in_title: str
    since: str
    until: str
    source: str
    all_sources: str
    article_language: str
    all_languages: str
    date_hint: str
    show: str
    reset: str
    counted: str
    dated: str
    updated: str
    none: str
    one: str
    many: str
    nothing_indexed: str
    pages: str
    previous: str
    next: str
    unreachable: str
    add: str
    choose: str
    limits: str
    sending: str
    waiting: str
    reading: str
    unsent: str
    done: str
    nothing_new: str
    failures: str
    whole_file: str
    row: str
    bad_type: str
    too_large: str
    empty_file: str
    too_many: str
    too_busy: str
    not_uploaded: str
    file_gone: str
    index_busy: str
    add_failed: str
    uploads_off: str


FRENCH = ArticleTexts(
    views="Vues",
    ask="Questions",
    articles="Articles",
    lightness="Thème sombre",
    search="Chercher parmi les articles",
    in_title="Mots du titre",
    since="Depuis",
    until="Jusqu’à",
    source="Source",
    all_sources="toutes",
    article_language="Langue",
    all_languages="toutes",
    date_hint="p. ex. 2017-01",
    show="Afficher",
    reset="Tout afficher",
    counted="{articles} articles, {chunks} passages",
    dated="du {first} au {last}",
    updated="indexés le {day} à {time}",
    none="Aucun article ne correspond. Élargissez la période ou retirez un mot.",
    one="1 article",
    many="{total} articles, de {first} à {last}",
    nothing_indexed="Aucun article n’est indexé. Ajoutez-en avec la commande « qa index DOSSIER ».",
    pages="Pages",
    previous="Plus récents",
    next="Plus anciens",
    unreachable="Le serveur ne répond pas. Vérifiez qu’il tourne encore, puis réessayez.",
    add="Ajouter des articles",
    choose="Fichiers à ajouter",
    limits="{types} · {megabytes} Mo par fichier au plus · {files} fichiers à la fois au plus",
    sending="Envoi du fichier {n} sur {files}…",
    waiting="En attente : d’autres fichiers sont en cours d’indexation.",
    reading="Indexation : {articles} articles lus, {chunks} passages…",
    unsent="Ce fichier n’a pas pu être envoyé ; réessayez.",
    done="Terminé : {added} articles ajoutés, {updated} mis à jour, {unchanged} déjà présents.",
    nothing_new="Rien n’a été ajouté.",
    failures="Non lus",
    whole_file="{name} : {reason}",
    row="{name}, no {row} : {reason}",
    bad_type="ce type de fichier n’est pas accepté ; les types acceptés sont {types}.",
    too_large="le fichier a {megabytes} Mo, plus que les {most} Mo permis.",
    empty_file="le fichier est vide.",
    too_many="{files} fichiers à la fois, c’est plus que les {most} permis ; ajoutez-les en "
    "plusieurs fois.",
    too_busy="trop de fichiers attendent déjà ; réessayez dans une minute.",
    not_uploaded="ce fichier n’a pas été envoyé par cette page.",
    file_gone="cet ajout n’est plus connu du serveur, qui a peut-être redémarré ; réessayez.",
    index_busy="l’index est en cours de modification ; réessayez dans une minute.",
    add_failed="une erreur inattendue s’est produite ; le détail est dans le journal du serveur.",
    uploads_off="ce serveur n’accepte pas de fichiers.",
)

ENGLISH = ArticleTexts(
    views="Views",
    ask="Questions",
    articles="Articles",
    lightness="Dark theme",
    search="Search the articles",
    in_title="Words of the title",
    since="Since",
    until="Until",
    source="Source",
    all_sources="all",
    article_language="Language",
    all_languages="all",
    date_hint="e.g. 2017-01",
    show="Show",
    reset="Show all",
    counted="{articles} articles, {chunks} passages",
    dated="from {first} to {last}",
    updated="indexed on {day} at {time}",
    none="No article fits. Widen the dates or take a word away.",
    one="1 article",
    many="{total} articles, {first} to {last}",
    nothing_indexed="No article is indexed. Add some with the command “qa index FOLDER”.",
    pages="Pages",
    previous="Newer",
    next="Older",
    unreachable="The server does not answer. Check that it is still running, then try again.",
    add="Add articles",
    choose="Files to add",
    limits="{types} · at most {megabytes} MB a file · at most {files} files at once",
    sending="Sending file {n} of {files}…",
    waiting="Waiting: other files are being indexed.",
    reading="Indexing: {articles} articles read, {chunks} passages…",
    unsent="This file could not be sent; try again.",
    done="Done: {added} articles added, {updated} updated, {unchanged} already there.",
    nothing_new="Nothing was added.",
    failures="Not read",
    whole_file="{name}: {reason}",
    row="{name}, no. {row}: {reason}",
    bad_type="files of this type are not taken; those taken are {types}.",
    too_large="the file has {megabytes} MB, more than the {most} MB allowed.",
    empty_file="the file is empty.",
    too_many="{files} files at once are more than the {most} allowed; add them in several goes.",
    too_busy="too many files are waiting already; try again in a minute.",
    not_uploaded="this file was not sent by this page.",
    file_gone="the server does not know of this any more, perhaps it was restarted; try again.",
    index_busy="the index is being written to; try again in a minute.",
    add_failed="something unexpected went wrong; the details are in the server’s log.",
    uploads_off="this server takes no files.",
)

ARTICLE_TEXTS: dict[Language, ArticleTexts] = {"fr": FRENCH, "en": ENGLISH}
