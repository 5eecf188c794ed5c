"""How time and memory grow with the number of chunks.

    python -m lab.benchmarks.scale [docs.jsonl[.gz] ...] [--embedder random] [--pace MS]
        [--vectors INDEX] [--sizes 1000,5000,...] [--questions 200] [--keep DIR] [--json FILE]

For each size an index is built in a fresh process and asked in another. With `--embedder random`
vectors are drawn from a hash of the text: everything but the embedder is measured in minutes, and
what is found means nothing; with `--pace` each passage takes so many milliseconds and no processor,
as if other cores embedded it. With `--vectors` passages get the vectors that an index of the same
articles holds, so that only the largest size takes hours. Articles come from the files given, one
from each in turn, as many as give the chunks; without files they are put together from sentences of
corpus/, with a fixed seed. Questions are titles of the indexed articles, asked one after the other,
the first ten unmeasured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lab import ROOT
from qa.documents.article import Article
from qa.documents.chunks import split
from qa.documents.filters import Filters
from qa.documents.parsers import Failure, find, read
from qa.settings import Settings

SIZES = (1_000, 5_000, 20_000, 50_000)
# Articles put together are as long as those of a news agency: two to twelve hundred words.
SYNTHETIC_SENTENCES = (8, 40)


def main() -> None:
    """Measure every size, print the tables, write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("articles", nargs="*", type=Path)
    parser.add_argument("--embedder", choices=("real", "random"), default="real")
    parser.add_argument("--pace", type=float, default=0.0)
    parser.add_argument("--vectors", type=Path, help="an index that holds these articles")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="keep indexes here, and ask those already there")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    run: dict[str, Any] = {
        "embedder": arguments.embedder,
        "articles": [path.parent.name or path.name for path in arguments.articles] or ["synthetic"],
        "machine": {"cores": os.cpu_count(), "processor": platform.machine()},
        "sizes": [],
    }
    with tempfile.TemporaryDirectory() as temporary:
        home = arguments.keep or Path(temporary)
        for size in map(int, arguments.sizes.split(",")):
            folder = home / f"{arguments.embedder}-{size}"
            row = measure(folder, size, arguments)
            run["sizes"].append(row)
            sys.stderr.write(f"{size}: {json.dumps(row)}\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    print(tables(run))


def measure(folder: Path, size: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Build an index of `size` chunks, unless the folder has one, and ask it."""
    folder.mkdir(parents=True, exist_ok=True)
    articles, index, built = folder / "articles.jsonl", folder / "index", folder / "built.json"
    job: dict[str, Any] = {
        "articles": str(articles),
        "index": str(index),
        "embedder": arguments.embedder,
        "pace": arguments.pace,
        "vectors": str(arguments.vectors or ""),
    }
    load = os.getloadavg()[0]
    if not built.exists():
        chosen = take(arguments.articles, size)
        with articles.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(_fields(a), ensure_ascii=False) + "\n" for a in chosen)
        built.write_text(json.dumps(_run("build", job)), encoding="utf-8")
    chosen = [a for a in read(articles) if isinstance(a, Article)]
    job["questions"] = questions(chosen, arguments.questions)
    filters = some_filters(chosen)
    job["filters"] = {name: some.to_json() for name, some in filters.items()}
    return {
        "chunks": size,
        "load": round(load, 1),
        "build": json.loads(built.read_text(encoding="utf-8")),
        "ask": _run("ask", job),
        "passing": {n: sum(map(some.matches, chosen)) for n, some in filters.items()},
    }


def _run(what: str, job: dict[str, Any]) -> Any:
    command = [sys.executable, "-m", "lab.benchmarks.measured", what, json.dumps(job)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def take(paths: Sequence[Path], size: int) -> list[Article]:
    """Articles that give just `size` chunks or a few more, from each file in turn."""
    most = Settings().chunk_chars
    chosen: list[Article] = []
    chunks = 0
    for article in _in_turn(paths) if paths else synthetic():
        if chunks >= size:
            return chosen
        chosen.append(article)
        chunks += len(split(article, most))
    raise SystemExit(f"these articles give {chunks} chunks, not {size}; name more files.")


def _in_turn(paths: Sequence[Path]) -> Iterator[Article]:
    left = [(a for a in read(file) if not isinstance(a, Failure)) for file in find(paths)]
    while left:
        for articles in list(left):
            article = next(articles, None)
            if article is None:
                left.remove(articles)
            else:
                yield article


def synthetic() -> Iterator[Article]:
    """Articles without end, of sentences of corpus/ in the article's language and a new order."""
    drawn = random.Random(0)
    real = [a for f in find([ROOT / "corpus"]) for a in read(f) if isinstance(a, Article)]
    by_language: dict[str, list[Article]] = {}
    for article in real:
        by_language.setdefault(article.language, []).append(article)
    lines = {
        language: [s.of(a.text) for a in some for c in split(a) for s in c.sentences]
        for language, some in by_language.items()
    }
    number = 0
    while True:
        model = drawn.choice(real)
        text = " ".join(drawn.choices(lines[model.language], k=drawn.randint(*SYNTHETIC_SENTENCES)))
        yield Article.create(
            id=f"synthetic-{number}",
            title=model.title,
            text=text,
            date=model.date,
            source=f"Outlet {drawn.randint(1, 40)}",
            language=model.language,
            origin="synthetic",
        )
        number += 1


def questions(articles: Sequence[Article], n: int) -> list[str]:
    """Titles, or first words, of articles drawn with a fixed seed."""
    drawn = random.Random(0).choices(articles, k=n)
    return [a.title or " ".join(a.text.split()[:12]) for a in drawn]


def some_filters(articles: Sequence[Article]) -> dict[str, Filters]:
    """No filter, and some that most, many or a few articles pass."""
    found = {"none": Filters()}
    counted = _counted(a.language for a in articles)
    found["commonest language"] = Filters(language=counted[0])
    sources = _counted(a.source for a in articles if a.source)
    if sources:
        found["commonest source"] = Filters(sources=(sources[0],))
        found["middling source"] = Filters(sources=(sources[len(sources) // 2],))
    days = sorted(a.date.first for a in articles if a.date)
    if days:
        middle = days[len(days) // 2]
        found["later half"] = Filters(since=middle)
        found["a tenth of the time"] = Filters(since=middle, until=days[len(days) * 6 // 10])
        found["one day"] = Filters(since=middle, until=middle)
    return found


def _counted(values: Iterable[str]) -> list[str]:
    """The values, commonest first."""
    return [value for value, _ in Counter(sorted(values)).most_common()]


def tables(run: dict[str, Any]) -> str:
    """Three tables in Markdown: building, asking by stage, asking with filters."""
    rows = run["sizes"]
    parts = sorted({name for row in rows for name in row["build"]["seconds"]} - {"total"})
    disks = list(rows[0]["build"]["disk_mb"])
    first = ["chunks", "articles", "seconds", "cores used", *parts, "peak MB", "at first", *disks]
    built = [
        [
            f"{row['build']['counts']['chunks']:,}",
            f"{row['build']['counts']['articles']:,}",
            f"{row['build']['seconds']['total']:.0f}",
            f"{row['build']['processor_s'] / row['build']['seconds']['total']:.2f}",
            *(f"{row['build']['seconds'].get(name, 0):.1f}" for name in parts),
            f"{row['build']['memory_mb']['peak']:.0f}",
            f"{row['build']['memory_mb']['before']:.0f}",
            *(f"{row['build']['disk_mb'][name]:.0f}" for name in disks),
        ]
        for row in rows
    ]
    stages = [s for s in rows[0]["ask"]["milliseconds"]["none"] if s not in ("n", "answered")]
    second = ["chunks", *stages, "reader MB"]
    asked = [
        [
            f"{row['ask']['counts']['chunks']:,}",
            *(_pair(row["ask"]["milliseconds"]["none"][stage]) for stage in stages),
            f"{row['ask']['memory_mb']['after']:.0f}",
        ]
        for row in rows
    ]
    names = [name for name in rows[0]["ask"]["milliseconds"] if name != "none"]
    third = ["chunks", *(f"{name}: dense, all" for name in names)]
    filtered = [
        [
            f"{row['ask']['counts']['chunks']:,}",
            *(
                f"{_pair(_dense(row['ask']['milliseconds'][name]))}, "
                f"{_pair(row['ask']['milliseconds'][name]['all'])} ({row['passing'][name]:,})"
                if name in row["ask"]["milliseconds"]
                else "–"
                for name in names
            ),
        ]
        for row in rows
    ]
    conditions = (
        f"Embedder: {run['embedder']}; articles: {', '.join(run['articles'])}; "
        f"{run['machine']['cores']} cores; load before each size "
        f"{', '.join(str(row['load']) for row in rows)}"
    )
    return "\n\n".join(
        (
            conditions,
            "Building, seconds and megabytes\n\n" + _table(first, built),
            "Asking, milliseconds: median / 95th percentile\n\n" + _table(second, asked),
            "The same with filters (articles that pass)\n\n" + _table(third, filtered),
        )
    )


def _dense(stages: dict[str, Any]) -> Any:
    """The dense half of a question with a filter, whichever answered it."""
    return stages.get("vectors in memory") or stages["chroma"]


def _pair(values: dict[str, float]) -> str:
    return f"{values['p50']:.1f} / {values['p95']:.1f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _fields(article: Article) -> dict[str, str | None]:
    return {
        "id": article.id,
        "title": article.title,
        "text": article.text,
        "date": str(article.date) if article.date else None,
        "source": article.source,
        "language": article.language,
        "url": article.url,
    }


if __name__ == "__main__":
    main()
