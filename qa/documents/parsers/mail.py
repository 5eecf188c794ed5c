"""E-mail: messages (.eml), mailboxes (.mbox) and pages saved as one (.mht), which are like them.

The title is the subject, the source is whom it is from, and the date is that of sending. The HTML
of a message is read as a feed's is, without what it hides, such as the line that mail programs
show beside the subject. Attachments are not read.
"""

from __future__ import annotations

import mailbox
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
from qa.documents.parsers.plain import decode
from qa.errors import SourceError

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


def _message(message: EmailMessage, origin: str) -> Iterator[Article | Failure]:
    """The article of a message.

    Raises:
        SourceError: it has no text, or is damaged.
    """
    try:
        body = message.get_body(("html", "plain"))
        if body is None:
            raise SourceError("the message has no text")
        text = _characters(body)
        if body.get_content_type() == "text/html":
            text = html.plain(text)
        elif body.get_param("format") == "flowed":
            text = re.sub(r"(?<=[^\s>-]) \r?\n(?!\r?\n|>)", " ", text)
        attached = [part.get_filename() or "without a name" for part in message.iter_attachments()]
        fields = {
            "title": _REPLY.sub("", _header(message, "subject")),
            "text": "\n".join(line for line in text.split("\n") if not _is_foot(line)),
            # As it stands there: years of twenty digits end Python's parser.
            "date": next((str(v) for k, v in message.raw_items() if k.lower() == "date"), None),
            "source": _sender(_header(message, "from")),
            "template_language": _header(message, "content-language") or None,
        }
    except _DAMAGE as exc:
        raise SourceError(f"a damaged e-mail ({exc})") from exc
    yield from articles_from(fields, origin)
    if attached:
        yield Notice(origin, f"its attachments are not read: {', '.join(attached)!r:.200}")


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
