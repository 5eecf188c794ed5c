"""Feeds are fetched from a server on the loopback, politely, and each state is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.errors import SourceError
from qa.index.feeds import fetch
from tests.feeds import FEED, Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def test_every_state_is_kept_and_none_twice(site: Site, tmp_path: Path):
    [first] = fetch([site.url], tmp_path)
    [same] = fetch([site.url], tmp_path)
    site.body = FEED.replace(b"Quai", b"Port")
    [second] = fetch([site.url], tmp_path)
    assert same.file is None
    assert same.problem is None
    assert first.file
    assert second.file
    assert first.file.parent == second.file.parent
    assert (first.file.read_bytes(), second.file.read_bytes()) == (FEED, site.body)
    assert first.file.name < second.file.name


def test_only_what_is_new_is_asked_for(site: Site, tmp_path: Path):
    fetch([site.url], tmp_path)
    fetch([site.url], tmp_path)
    (_, first), (_, second) = [row for row in site.asked if row[0] == "/feed"]
    assert "If-None-Match" not in first
    assert second["If-None-Match"] == f'"{hash(FEED)}"'
    assert first["User-Agent"].startswith("qa-news/")


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        ((404, ""), True),
        ((200, "User-agent: *\nDisallow: /private"), True),
        ((200, "User-agent: *\nDisallow: /"), False),
        ((200, "User-agent: qa-news\nDisallow: /feed"), False),
        ((503, ""), False),
    ],
)
def test_robots_are_heeded(site: Site, tmp_path: Path, robots: tuple[int, str], allowed: bool):
    site.robots = robots
    [fetched] = fetch([site.url], tmp_path)
    assert (fetched.file is not None) is allowed
    assert ("/feed" in [path for path, _ in site.asked]) is allowed
    assert allowed or "robots.txt" in (fetched.problem or "")


def test_a_json_feed_is_kept_as_such(site: Site, tmp_path: Path):
    site.kind, site.body = "application/feed+json", b"{}"
    [fetched] = fetch([site.url], tmp_path)
    assert fetched.file
    assert fetched.file.suffix == ".json"


def test_one_that_fails_stops_no_other(site: Site, tmp_path: Path):
    nobody = "http://127.0.0.1:9/feed"
    failed, fetched = fetch([nobody, site.url], tmp_path)
    assert failed.problem
    assert failed.file is None
    assert fetched.file
    site.status, site.body = 500, b"oops"
    [broken] = fetch([site.url], tmp_path)
    assert broken.problem == "the server answered 500"


@pytest.mark.parametrize(
    "page", ["<html>x", "\ufeff\n<!DOCTYPE html><p>x", "<?xml version='1.0'?>\n<!doctype html>"]
)
def test_a_web_page_is_not_kept_as_a_feed(site: Site, tmp_path: Path, page: str):
    """It would be told as a file that cannot be read with every later run."""
    site.body = page.encode()
    [fetched] = fetch([site.url], tmp_path)
    assert "a web page" in (fetched.problem or "")
    assert not list(tmp_path.rglob("*.xml"))


def test_a_damaged_note_of_one_is_said_and_stops_no_other(site: Site, tmp_path: Path):
    [first] = fetch([site.url], tmp_path)
    assert first.file
    (first.file.parent / ".feed.json").write_text("{")
    damaged, other = fetch([site.url, f"{site.url}?2"], tmp_path)
    assert "delete it" in (damaged.problem or "")
    assert other.file


def test_an_endless_feed_is_given_up_on(site: Site, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("qa.index.feeds._LARGEST", 10)
    [fetched] = fetch([site.url], tmp_path)
    assert "MB" in (fetched.problem or "")
    assert not list(tmp_path.rglob("*.xml"))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/feed", "https://", "feed"])
def test_what_is_no_address_is_refused_before_anything_is_fetched(site: Site, tmp_path: Path, url):
    with pytest.raises(SourceError, match="no address of a feed"):
        fetch([site.url, url], tmp_path)
    assert not site.asked
