"""HTML from the files in `templates`, where everything that is filled in is escaped."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from qa.server.page.texts import Texts

_TEMPLATES = Environment(
    loader=PackageLoader("qa.server.page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(template: str, texts: Texts, **values: Any) -> Markup:
    """A template filled in.

    Args:
        template: its name, without the ending.
        texts: the page's language; `t` in the template.
        values: what else it names; a name it does not get is an error.
    """
    return Markup(_TEMPLATES.get_template(f"{template}.html").render(t=texts, **values))  # noqa: S704


def file_text(name: str) -> str:
    """A file that lies beside this one."""
    return files("qa.server.page").joinpath(name).read_text(encoding="utf-8")
