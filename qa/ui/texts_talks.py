"""The strings of kept conversations, of rating and of sharing an answer, as in `texts`."""

from __future__ import annotations

from dataclasses import dataclass

from qa.answer import Language


@dataclass(frozen=True, slots=True)
class TalkTexts:
    """In one language. Braces mark what is filled in."""

    # The list of conversations.
    conversations: str
    close: str
    search: str
    none: str
    none_found: str
    not_kept: str
    most: str
    questions: str
    question: str
    current: str
    more: str
    export_markdown: str
    export_json: str
    new_title: str
    rename: str
    delete: str
    delete_surely: str
    delete_warning: str
    delete_all: str
    delete_all_surely: str
    delete_all_warning: str
    links: str
    gone: str
    # Below an answer.
    about_answer: str
    good: str
    bad: str
    share: str
    copy: str
    copied: str
    not_copied: str
    revoke: str
    shared_page: str
    thanks: str
    say_more: str
    said: str
    correction: str
    unanswerable: str
    comment: str
    save: str
    contradiction: str
    stale: str
    unkept: str
    unusable: str
    # The page of a shared answer, and exported files.
    shared_on: str
    quotes: str
    nearest: str
    read_only: str
    no_link: str
    log_in: str
    cited: str
    characters: str


FRENCH = TalkTexts(
    conversations="Conversations",
    close="Fermer",
    search="Chercher dans les conversations",
    none="Aucune conversation pour l’instant. Celles que vous aurez ici seront gardées.",
    none_found="Aucune conversation ne contient ces mots.",
    not_kept="Ce serveur ne garde pas les conversations.",
    most="Seules les {most} plus récentes sont montrées ; cherchez pour trouver les autres.",
    questions="{n} questions",
    question="1 question",
    current="ouverte",
    more="Autres actions : {title}",
    export_markdown="Exporter en Markdown",
    export_json="Exporter en JSON",
    new_title="Titre de la conversation",
    rename="Renommer",
    delete="Supprimer…",
    delete_surely="Supprimer définitivement",
    delete_warning="Ses liens de partage et vos avis disparaîtront avec elle.",
    delete_all="Tout supprimer…",
    delete_all_surely="Tout supprimer définitivement",
    delete_all_warning="Toutes vos conversations, vos liens de partage et vos avis disparaîtront.",
    links="Réponses que vous partagez",
    gone="Cette conversation n’existe plus.",
    about_answer="Votre avis sur cette réponse, et son partage",
    good="Utile",
    bad="Pas utile",
    share="Partager",
    copy="Copier le lien",
    copied="Lien copié.",
    not_copied="La copie n’a pas été permise ; copiez l’adresse du lien vous-même.",
    revoke="Ne plus partager",
    shared_page="Voir la page partagée",
    thanks="Merci pour votre avis.",
    say_more="Ajouter un commentaire",
    said="Modifier ce que vous avez écrit",
    correction="Quelle est la bonne réponse ?",
    unanswerable="Les articles ne le disent pas",
    comment="Commentaire",
    save="Enregistrer",
    contradiction="Donnez la bonne réponse, ou dites que les articles ne le disent pas : l’un ou "
    "l’autre.",
    stale="Un article cité a changé ou n’est plus dans l’index ; la citation est celle du jour de "
    "la réponse.",
    unkept="Cette réponse n’a pas pu être gardée ; le journal du serveur dit pourquoi.",
    unusable="Les conversations ne sont pas accessibles pour l’instant ; le journal du serveur dit "
    "pourquoi. Réessayez plus tard.",
    shared_on="Question posée le {day}. Page en lecture seule.",
    quotes="Citations",
    nearest="Articles les plus proches",
    read_only="Réponse partagée",
    no_link="Ce lien n’existe pas, ou il n’est plus partagé.",
    log_in="Connectez-vous d’abord, puis ouvrez de nouveau ce lien.",
    cited="article {id}, caractères {start} à {end}",
    characters="caractères {start} à {end}",
)

ENGLISH = TalkTexts(
    conversations="Conversations",
    close="Close",
    search="Search the conversations",
    none="No conversation yet. Those you have here will be kept.",
    none_found="No conversation has these words.",
    not_kept="This server does not keep conversations.",
    most="Only the {most} newest are shown; search to find the others.",
    questions="{n} questions",
    question="1 question",
    current="open",
    more="More actions: {title}",
    export_markdown="Export as Markdown",
    export_json="Export as JSON",
    new_title="Title of the conversation",
    rename="Rename",
    delete="Delete…",
    delete_surely="Delete for good",
    delete_warning="Its shared links and your ratings go with it.",
    delete_all="Delete all…",
    delete_all_surely="Delete all for good",
    delete_all_warning="All your conversations, shared links and ratings will be gone.",
    links="Answers you share",
    gone="This conversation does not exist any more.",
    about_answer="Your rating of this answer, and sharing it",
    good="Helpful",
    bad="Not helpful",
    share="Share",
    copy="Copy the link",
    copied="Link copied.",
    not_copied="Copying was not allowed; copy the link’s address yourself.",
    revoke="Stop sharing",
    shared_page="See the shared page",
    thanks="Thank you for your rating.",
    say_more="Add a comment",
    said="Change what you wrote",
    correction="What is the right answer?",
    unanswerable="The articles do not say",
    comment="Comment",
    save="Save",
    contradiction="Give the right answer, or say that the articles do not say it: one or the "
    "other.",
    stale="A cited article has changed or left the index; the quote is as it was when answered.",
    unkept="This answer could not be kept; the server’s log says why.",
    unusable="The conversations cannot be reached just now; the server’s log says why. Try again "
    "later.",
    shared_on="Asked on {day}. This page can only be read.",
    quotes="Quotes",
    nearest="Nearest articles",
    read_only="Shared answer",
    no_link="This link does not exist, or is not shared any more.",
    log_in="Log in first, then open this link again.",
    cited="article {id}, characters {start} to {end}",
    characters="characters {start} to {end}",
)

TALK_TEXTS: dict[Language, TalkTexts] = {"fr": FRENCH, "en": ENGLISH}
