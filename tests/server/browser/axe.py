"""axe-core in a page of the browser tests: whatever it finds.

The script comes with axe-playwright-python; only its file is used.
"""

from __future__ import annotations

from importlib.resources import files

from playwright.sync_api import Page

_RUN = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => ({
        id, places: nodes.map((node) => `${node.html} (${node.failureSummary})`),
    }));
}"""


def findings(page: Page) -> list[str]:
    """Each finding: its rule, and where it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    return [f"{found['id']}: {place}" for found in page.evaluate(_RUN) for place in found["places"]]
