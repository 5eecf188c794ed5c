"""What `lab.benchmarks.scale` measured, drawn: four panels of one SVG that stands by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, LEFT, TOP, GAP = 360.0, 200.0, 56.0, 34.0, 64.0
COLOURS = ("#14563f", "#97291b", "#2b5c9e", "#b07d12", "#6b4a8a", "#5d574e")
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#5d574e}.t{font-weight:600;fill:#1f1d1a}"
    ".a{stroke:#dcd6cc}.l{fill:none;stroke-width:2}"
)
Lines = Mapping[str, Sequence[tuple[float, float]]]


def plot(run: Mapping[str, Any]) -> str:
    """Indexing time, memory, disk and question time, each over the number of chunks."""
    rows = run["sizes"]

    def over_chunks(name: str, *path: str) -> dict[str, list[tuple[float, float]]]:
        points = []
        for row in rows:
            value = row
            for key in path:
                value = value[key]
            points.append((row["build"]["counts"]["chunks"], float(value)))
        return {name: points}

    building: dict[str, Sequence[tuple[float, float]]] = {}
    for part in rows[-1]["build"]["seconds"]:
        building |= over_chunks(part, "build", "seconds", part)
    asking: dict[str, Sequence[tuple[float, float]]] = {}
    for name, at in (("95th percentile", "p95"), ("median", "p50")):
        asking |= over_chunks(name, "ask", "milliseconds", "none", "all", at)
    asking |= over_chunks("Chroma, median", "ask", "milliseconds", "none", "chroma", "p50")
    memory = {
        "while indexing": [(float(n), float(mb)) for n, mb in _grown(rows[-1])],
        **over_chunks("peak of indexing", "build", "memory_mb", "peak"),
        **over_chunks("a reader", "ask", "memory_mb", "after"),
    }
    disk: dict[str, Sequence[tuple[float, float]]] = {}
    for part in rows[-1]["build"]["disk_mb"]:
        disk |= over_chunks(part, "build", "disk_mb", part)
    panels: tuple[tuple[str, Lines], ...] = (
        ("Indexing, seconds", building),
        ("Question, milliseconds", asking),
        ("Memory, MB", memory),
        ("Disk, MB", disk),
    )
    across, down = WIDTH + LEFT + 130, HEIGHT + TOP + GAP
    parts = [
        f'<g transform="translate({across * (place % 2):.0f} {down * (place // 2):.0f})">'
        f"{_panel(title, lines)}</g>"
        for place, (title, lines) in enumerate(panels)
    ]
    note = f"embedder: {run['embedder']}; over the number of chunks"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * across:.0f} {2 * down:.0f}" '
        f'role="img" aria-label="{escape(note)}"><style>{STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fdfcfa"/>{"".join(parts)}'
        f'<text x="{LEFT}" y="{2 * down - 8:.0f}">{escape(note)}</text></svg>\n'
    )


def _grown(row: Mapping[str, Any]) -> Sequence[tuple[float, float]]:
    points: Sequence[tuple[float, float]] = row["build"]["resident_mb_by_chunks"]
    return points


def _panel(title: str, lines: Lines) -> str:
    right = max(x for points in lines.values() for x, _ in points)
    top = max(y for points in lines.values() for _, y in points) or 1.0

    def at(x: float, y: float) -> str:
        return f"{LEFT + x / right * WIDTH:.1f},{TOP + (1 - y / top) * HEIGHT:.1f}"

    parts = [f'<text class="t" x="{LEFT}" y="18">{escape(title)}</text>']
    for share in (0.0, 0.5, 1.0):
        y = TOP + (1 - share) * HEIGHT
        parts.append(
            f'<path class="a" d="M{LEFT} {y:.1f}h{WIDTH}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * share:,.0f}</text>'
            f'<text x="{LEFT + share * WIDTH:.1f}" y="{TOP + HEIGHT + 18}" '
            f'text-anchor="middle">{right * share:,.0f}</text>'
        )
    places = _apart([(1 - points[-1][1] / top) * HEIGHT + TOP + 4 for points in lines.values()])
    for number, ((name, points), place) in enumerate(zip(lines.items(), places, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(
            f'<polyline class="l" stroke="{colour}" '
            f'points="{" ".join(at(x, y) for x, y in points)}"/>'
            f'<text x="{LEFT + WIDTH + 6}" y="{place:.1f}" style="fill:{colour}">'
            f"{escape(name)}</text>"
        )
    return "".join(parts)


def _apart(places: Sequence[float], least: float = 14.0) -> list[float]:
    """Heights moved up as far as needed for labels not to touch; the lowest stays."""
    moved = list(places)
    limit = float("inf")
    for number in sorted(range(len(places)), key=lambda i: -places[i]):
        moved[number] = min(places[number], limit)
        limit = moved[number] - least
    return moved
