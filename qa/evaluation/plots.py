"""Plots as SVG, to stand in a page: no library, no script, colours from the page's style sheet.

Each function returns one <svg> element, or "" when there is nothing to show. Classes: `axis` for
lines and ticks, `guide` for what a perfect result would be, `mark` for the data, `span` for
intervals. Sizes are in units of the view box, 380 wide, so that a phone shows a plot whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from qa.evaluation.measures import Estimate
from qa.evaluation.rows import Row

_WIDTH, _LEFT, _RIGHT, _TOP, _HEIGHT = 380.0, 44.0, 12.0, 8.0, 200.0
_BINS = 10


def intervals(title: str, estimates: Mapping[str, Estimate]) -> str:
    """A dot with its interval for each name, on a scale from 0 to 1."""
    if not estimates:
        return ""
    left, row = 150.0, 24.0
    height = row * len(estimates)
    x = _Scale(0, 1, left, _WIDTH - _RIGHT)
    parts = [
        _vertical(x(tick), _TOP, _TOP + height, f"{tick:g}") for tick in (0, 0.25, 0.5, 0.75, 1)
    ]
    for place, (name, estimate) in enumerate(estimates.items()):
        y = _TOP + row * (place + 0.5)
        parts += [
            _text(left - 8, y + 4, _shortened(f"{name} ({estimate.n})"), "end"),
            f'<path class="span" d="M{x(estimate.low):.1f} {y:.1f}H{x(estimate.high):.1f}"/>',
            _dot(x(estimate.value), y, 4, f"{name}: {estimate}"),
        ]
    return _svg(title, _TOP + height + 22, parts)


def risk_coverage(rows: Sequence[Row]) -> str:
    """Share of wrong answers when only the surest are given, by how many are given.

    Rows are taken from the highest confidence down; wrong is an answer without the gold, or any
    answer to an unanswerable question. The curve ends at the questions that were answered: what
    an abstention would have said is not known. El-Yaniv & Wiener, JMLR 11, 2010.
    """
    total = sum(_counts(row) for row in rows)
    return risk_coverage_of("Risk by coverage", _judged(rows), total)


def risk_coverage_of(title: str, judged: Sequence[tuple[float, bool]], total: int) -> str:
    """The same of any confidences, each with whether its answer is right, of so many questions."""
    judged = sorted(judged, key=lambda pair: -pair[0])
    if not judged:
        return ""
    points, wrong = [], 0
    for given, (confidence, right) in enumerate(judged, 1):
        wrong += not right
        last = given == len(judged)
        if last or judged[given][0] < confidence:  # ties enter together
            points.append((given / total, wrong / given))
    return _curve(title, "answered", "wrong", points)


def reliability(rows: Sequence[Row]) -> str:
    """Share of right answers by confidence, in ten bins; on the diagonal confidence is true.

    Guo et al., ICML 2017, arXiv:1706.04599. Only answers are judged: below the threshold of
    abstention there are none.
    """
    return reliability_of("Reliability of confidence", _judged(rows))


def reliability_of(title: str, judged: Sequence[tuple[float, bool]]) -> str:
    """The same of any probabilities, each with whether it came true."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for pair in judged:
        bins.setdefault(min(_BINS - 1, int(pair[0] * _BINS)), []).append(pair)
    if not bins:
        return ""
    x, y = _scales()
    most = max(map(len, bins.values()))
    parts = _frame("confidence", "right")
    parts.append(
        f'<line class="guide" x1="{x(0):.1f}" y1="{y(0):.1f}" x2="{x(1):.1f}" y2="{y(1):.1f}"/>'
    )
    for pairs in (bins[place] for place in sorted(bins)):
        sure = sum(confidence for confidence, _ in pairs) / len(pairs)
        right = sum(good for _, good in pairs) / len(pairs)
        radius = 3 + 7 * math.sqrt(len(pairs) / most)
        note = f"confidence {sure:.2f}: {right:.2f} of {len(pairs)} right"
        parts.append(_dot(x(sure), y(right), radius, note))
    return _svg(title, _TOP + _HEIGHT + 38, parts)


def latency(rows: Sequence[Row]) -> str:
    """A histogram of the time from question to answer, bins growing by a fixed factor."""
    spent = [row.timings_ms["wall"] for row in rows if row.error is None and row.timings_ms]
    if not spent:
        return ""
    low, high = max(0.1, min(spent)), max(spent)
    factor = max(1.05, (high / low) ** (1 / 20))
    counts: dict[int, int] = {}
    for value in spent:
        place = int(math.log(max(value, low) / low) / math.log(factor) + 1e-9)
        counts[place] = counts.get(place, 0) + 1
    last, most = max(counts) + 1, max(counts.values())
    x = _Scale(0, last, _LEFT, _WIDTH - _RIGHT)
    y = _Scale(0, most, _TOP + _HEIGHT, _TOP)
    parts = [_horizontal(y(0), "0"), _horizontal(y(most), str(most))]
    for place, n in sorted(counts.items()):
        start, end = low * factor**place, low * factor ** (place + 1)
        parts.append(
            f'<rect class="mark" x="{x(place) + 0.5:.1f}" width="{x(1) - x(0) - 1:.1f}" '
            f'y="{y(n):.1f}" height="{y(0) - y(n):.1f}">'
            f"<title>{start:.0f} to {end:.0f} ms: {n}</title></rect>"
        )
    for place in (0, last // 2, last):
        anchor = "start" if not place else "end" if place == last else "middle"
        parts.append(_text(x(place), y(0) + 16, f"{low * factor**place:.0f}", anchor))
    parts.append(_text((_LEFT + _WIDTH) / 2, y(0) + 32, "milliseconds", "middle"))
    return _svg("Latency", _TOP + _HEIGHT + 38, parts)


def _judged(rows: Sequence[Row]) -> list[tuple[float, bool]]:
    """(confidence, right) of the answers of which that can be told."""
    return [
        (row.confidence, bool(row.right))
        for row in rows
        if _counts(row) and row.confidence is not None and not row.abstained and row.error is None
    ]


def _counts(row: Row) -> bool:
    """Whether right and wrong can be told for a question."""
    return row.answerable is False or row.right is not None


def _curve(title: str, across: str, up: str, points: Sequence[tuple[float, float]]) -> str:
    x, y = _scales()
    line = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
    share, risk = points[-1]
    dot = _dot(x(share), y(risk), 4, f"{risk:.3f} {up} at {share:.3f} {across}")
    parts = [*_frame(across, up), f'<polyline class="line" points="{line}"/>', dot]
    return _svg(title, _TOP + _HEIGHT + 38, parts)


def _frame(across: str, up: str) -> list[str]:
    """Axes from 0 to 1 with their names."""
    x, y = _scales()
    parts = [_horizontal(y(tick), f"{tick:g}") for tick in (0, 0.5, 1)]
    parts += [_text(x(tick), y(0) + 16, f"{tick:g}", "middle") for tick in (0, 0.5, 1)]
    parts.append(_text(x(0.5), y(0) + 32, across, "middle"))
    middle = y(0.5)
    parts.append(
        f'<text x="12" y="{middle:.1f}" text-anchor="middle" '
        f'transform="rotate(-90 12 {middle:.1f})">{escape(up)}</text>'
    )
    return parts


def _scales() -> tuple[_Scale, _Scale]:
    return _Scale(0, 1, _LEFT, _WIDTH - _RIGHT), _Scale(0, 1, _TOP + _HEIGHT, _TOP)


class _Scale:
    """From values to places in the plot."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._start = low, start
        self._slope = (end - start) / ((high - low) or 1)

    def __call__(self, value: float) -> float:
        return self._start + (value - self._low) * self._slope


def _horizontal(y: float, label: str) -> str:
    line = f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return line + _text(_LEFT - 6, y + 4, label, "end")


def _vertical(x: float, top: float, bottom: float, label: str) -> str:
    line = f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
    return line + _text(x, bottom + 16, label, "middle")


def _dot(x: float, y: float, radius: float, note: str) -> str:
    return (
        f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
        f"<title>{escape(note)}</title></circle>"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _shortened(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:12]}…{text[-11:]}"


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    name = escape(title)
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{name}">'
        f"{''.join(parts)}</svg>"
    )
