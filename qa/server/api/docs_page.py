"""The page at /docs: the OpenAPI document made readable, with nothing fetched from anywhere.

FastAPI's own page loads scripts from a content network; this one needs no network and no script.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
}


def render(document: Mapping[str, Any]) -> str:
    """HTML for an OpenAPI document as FastAPI makes it."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(
        files("qa.server.api").joinpath("docs.html").read_text(encoding="utf-8")
    )
    return template.render(about=document["info"], operations=list(_operations(document)))


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = _resolved(document, body.get("schema", {}))
            yield {
                "method": method.upper(),
                "path": path,
                "about": operation.get("description") or operation["summary"],
                "fields": list(_fields(document, schema)),
                "examples": [_curl(path, example) for example in schema.get("examples", [])],
                "statuses": {s: told["description"] for s, told in operation["responses"].items()},
            }


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, field in schema.get("properties", {}).items():
        yield {
            "name": name,
            "kind": _kind(document, field),
            "needed": name in schema.get("required", []),
            "about": field.get("description", ""),
        }


def _kind(document: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    """`string`, `list of string`, `"auto" or "extractive"`."""
    if "anyOf" in field:
        kinds = [_kind(document, each) for each in field["anyOf"] if each.get("type") != "null"]
        return " or ".join(kinds)
    if "$ref" in field:
        return "object"
    if "enum" in field:
        return " or ".join(json.dumps(value) for value in field["enum"])
    if "const" in field:
        return json.dumps(field["const"])
    if field.get("type") == "array":
        return f"list of {_kind(document, field['items']) or 'anything'}"
    return str(field.get("type", ""))


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _curl(path: str, example: object) -> str:
    data = json.dumps(example, ensure_ascii=False).replace("'", "'\\''")
    return f"curl http://127.0.0.1:7860{path} -H 'Content-Type: application/json' -d '{data}'"
