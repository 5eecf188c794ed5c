"""E-mail: messages (.eml), mailboxes (.mbox) and pages saved as one (.mht), which are like them.

The title is the subject, the source is whom it is from, and the date is that of sending. The HTML
of a message is read as a feed's is, without what it hides, such as the line that mail programs
show beside the subject. A message that is only sent on, in the text or attached, counts as its own:
with its subject, date and sender. Other attachments are not read.
"""

from __future__ import annotations

import mailbox
import quopri
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.utils import parseaddr
from pathlib import Path

from qa.documents.article import Article
from qa.documents.parsers import html
from qa.documents.parsers.fields import Failure, Notice, articles_from, origin_of
from qa.documents.parsers.plain import COMMENT, decode, sent_on, without_breaks
from qa.errors import SourceError
from qa.language.detect import detect

_DAMAGE = (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
_REPLY = re.compile(r"(?i)^(?:(?:re|fwd?|tr|aw|wg)\s*:\s*)+")
# Lines of a newsletter that are no news.
_FOOT = re.compile(
    r"(?i)(?:view|read) (?:this (?:e-?mail|newsletter) )?(?:in|on) (?:your|the) (?:browser|web).*"
    r"|voir (?:la version|cet e-?mail|ce message).*"
    r"|.*(?:dans (?:votre|un) navigateur|version en ligne).*"
    r"|.*(?:unsubscribe|se désabonner|se désinscrire|désinscription|désabonne[rz]).*"
)
_LONGEST_FOOT = 200
_SEPARATOR = b"From "
_MESSAGE = "message/rfc822"
_FLOWED = re.compile(r"(?<=[^\s>-]) \r?\n(?!\r?\n|>)")
_WORD = re.compile(r"(?<![\w/.:?=&-])[^\W\d_]{2,}(?![\w/:=&])")  # but those of addresses
_SOFT_BREAK = re.compile(rb"=\r?\n")


def read(path: Path) -> Iterator[Article | Failure]:
    """The articles of a message, a mailbox or a saved page."""
    ending = path.suffix.lower()
    if ending == ".mbox":
        yield from _mailbox(path)
        return
    message = _parsed(path.read_bytes())
    if ending in (".mht", ".mhtml"):
        yield from _page(message, path)
    else:
        yield from _message(message, origin_of(path))


def _mailbox(path: Path) -> Iterator[Article | Failure]:
    with path.open("rb") as file:
        if file.read(len(_SEPARATOR)) != _SEPARATOR:
            raise SourceError('not a mailbox: its first line does not begin with "From "')
    box = mailbox.mbox(path, create=False)
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            origin = origin_of(path, number)
            try:
                yield from _message(_parsed(box.get_bytes(key)), origin)
            except SourceError as exc:
                yield Failure(origin, str(exc))
    finally:
        box.close()


def _parsed(data: bytes) -> EmailMessage:
    try:
        message = message_from_bytes(data, policy=policy.default)
    except _DAMAGE as exc:
        raise SourceError(f"a damaged e-mail ({exc})") from exc
    if not message.keys():
        raise SourceError("not an e-mail: it has no header")
    return message


def _date(message: EmailMessage) -> str | None:
    """As it stands there: years of twenty digits end Python's parser."""
    return next((str(v) for k, v in message.raw_items() if k.lower() == "date"), None)


def _message(message: EmailMessage, origin: str) -> Iterator[Article | Failure]:
    """The article of a message.

    Raises:
        SourceError: it has no text, or is damaged.
    """
    try:
        text = _text(message)
        language = _header(message, "content-language") or None
        inner, text = sent_on(text, french=detect(text, default="") == "fr")
        attached = list(message.iter_attachments())
        messages = [part.get_content() for part in attached if part.get_content_type() == _MESSAGE]
        names = [
            part.get_filename() or "without a name"
            for part in attached
            if part.get_content_type() != _MESSAGE
        ]
        fields = {
            "title": _REPLY.sub("", str(inner.get("title") or _header(message, "subject"))),
            "text": "\n".join(line for line in text.split("\n") if not _is_foot(line)),
            "date": inner["date"] if inner else _date(message),
            "source": _sender(str(inner.get("sender") or _header(message, "from"))),
            "template_language": language,
        }
    except _DAMAGE as exc:
        raise SourceError(f"a damaged e-mail ({exc})") from exc
    if not messages or len(text) > COMMENT:
        yield from articles_from(fields, origin)
    for number, one in enumerate(messages, start=1):
        yield from _message(one, f"{origin}#{number}")
    if names:
        yield Notice(origin, f"its attachments are not read: {', '.join(names)!r:.200}")


def _text(message: EmailMessage) -> str:
    """The text of a message: of its HTML, unless the plain one has more than twice the words."""
    texts = []
    for kind in ("html", "plain"):
        body = message.get_body((kind,))
        data = None if body is None else body.get_payload(decode=True)
        if body is None or not isinstance(data, bytes) or not data.strip():
            continue
        text = _characters(body)
        if body.get_content_type() == "text/html":
            texts.append(html.plain(text))
        else:
            flowed = body.get_param("format") == "flowed"
            text = _FLOWED.sub(" ", text) if flowed else text
            texts.append(without_breaks(text))
    if not texts:
        raise SourceError("the message has no text")
    first, last = (len(_WORD.findall(text)) for text in (texts[0], texts[-1]))
    return texts[0] if 2 * first >= last else texts[-1]


def _page(message: EmailMessage, path: Path) -> Iterator[Article | Failure]:
    """The article of a page that was saved with its pictures."""
    try:
        body = next(
            (part for part in message.walk() if part.get_content_type() == "text/html"), None
        )
        if body is None:
            raise SourceError("there is no page in it")
        page = _characters(body)
        url = _header(message, "snapshot-content-location") or _header(body, "content-location")
    except _DAMAGE as exc:
        raise SourceError(f"a damaged page ({exc}); save it again") from exc
    yield from html.articles(page, path, url if url.startswith("http") else None)


def _characters(part: Message) -> str:
    """The text of a part, in the charset that it names, else in the one that it is in."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data.strip():
        raise SourceError("the message has no text")
    if "content-transfer-encoding" not in part and _SOFT_BREAK.search(data):
        data = quopri.decodestring(data)
    charset = part.get_content_charset()
    if charset is None:
        return html.characters(data) if part.get_content_type() == "text/html" else decode(data)
    try:
        return data.decode("cp1252" if charset in ("iso-8859-1", "us-ascii") else charset)
    except (UnicodeDecodeError, LookupError):
        return decode(data)


def _header(message: Message, name: str) -> str:
    return " ".join(str(message.get(name) or "").split())


def _sender(header: str) -> str:
    """The name of whoever sent a message, else the domain of the address."""
    name, address = parseaddr(header)
    return name or address.rpartition("@")[2]


def _is_foot(line: str) -> bool:
    return len(line) <= _LONGEST_FOOT and _FOOT.fullmatch(line.strip()) is not None
