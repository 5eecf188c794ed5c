"""Settings: four places, one object, and mistakes that say where they are."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from qa.errors import SettingsError
from qa.settings import Settings


def load(directory: Path, environ: dict[str, str] | None = None, **overrides: object) -> Settings:
    return Settings.load(overrides, environ=environ or {}, directory=directory)


def test_defaults_need_nothing(tmp_path: Path):
    assert load(tmp_path) == Settings()


def test_each_place_wins_over_the_one_before(tmp_path: Path):
    (tmp_path / "qa.toml").write_text("k = 2\nquotes = 2\ncandidates = 20\n")
    environ = {"QA_K": "3", "QA_QUOTES": "4", "PATH": "/bin"}
    traced = Settings.trace({"k": 5, "port": None}, environ=environ, directory=tmp_path)
    settings, origins = traced.settings, traced.origins
    assert (settings.k, settings.quotes, settings.candidates, settings.port) == (5, 4, 20, 7860)
    assert [origins[name] for name in ("k", "quotes", "candidates", "port")] == [
        "command line",
        "environment",
        "file",
        "default",
    ]


def test_lists_are_written_with_commas_or_as_lists(tmp_path: Path):
    (tmp_path / "qa.toml").write_text('allowed_hosts = ["news.example", "news"]\n')
    settings = load(tmp_path, {"QA_CORS_ORIGINS": "https://a.example, https://b.example,"})
    assert settings.allowed_hosts == ("news.example", "news")
    assert settings.cors_origins == ("https://a.example", "https://b.example")


def test_keys_and_passwords_are_never_printed(tmp_path: Path):
    settings = load(tmp_path, {"QA_API_KEY": "open-sesame", "QA_LOGINS": "ann:tulip, bob:a:b"})
    assert settings.passwords == {"ann": "tulip", "bob": "a:b"}
    assert not {"sesame", "tulip"} & set(re.findall(r"\w+", f"{settings} {settings.model_dump()}"))
    for name, value in (("API_KEY", "sesame"), ("LOGINS", "ann=tulip")):
        with pytest.raises(SettingsError, match=r"\*{10}") as raised:
            load(tmp_path, {f"QA_{name}": value})
        shown = "".join(traceback.format_exception(raised.value))
        assert value not in shown


@pytest.mark.parametrize("key", ["clé-secrète", "open sesame ", "open\tsesame", "open-sesame\n"])
def test_a_key_that_no_header_carries_is_refused(tmp_path: Path, key: str):
    """A header has no encoding: the server once waited for bytes that no client sends."""
    with pytest.raises(SettingsError, match=r"api_key.*a key is ASCII letters") as raised:
        load(tmp_path, {"QA_API_KEY": key})
    assert key not in str(raised.value)
    assert load(tmp_path, {"QA_API_KEY": "open sesame!~"}).api_key is not None


def test_an_empty_variable_is_not_given(tmp_path: Path):
    assert load(tmp_path, {"QA_K": ""}).k == Settings().k


def test_paths_of_the_file_count_from_its_folder(tmp_path: Path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "my.toml").write_text('index = "idx"\ncorpus = "/abs"\n')
    settings = load(tmp_path, {"QA_CONFIG": str(tmp_path / "conf" / "my.toml")})
    assert settings.index == tmp_path / "conf" / "idx"
    assert settings.corpus == Path("/abs")


@pytest.mark.parametrize(
    ("file", "environ", "says"),
    [
        ("", {"QA_NONSENSE": "1"}, r"unknown setting 'nonsense' \(environment\).*abstain_below"),
        ("answer = 1", {}, r"unknown setting 'answer' \(file\)"),
        ("k = 0", {}, r"setting 'k' \(file\) is 0: .*passages that a search returns"),
        ("", {"QA_ABSTAIN_BELOW": "2"}, r"'abstain_below' \(environment\) is '2'"),
        ("", {"QA_ANSWERER": "magic"}, r"'answerer'.*'extractive'"),
        ("k =", {}, "not valid TOML"),
        ("", {"QA_CONFIG": "/no/such.toml"}, r"QA_CONFIG names '/no/such\.toml'"),
    ],
)
def test_a_mistake_says_where_it_is(tmp_path: Path, file: str, environ: dict[str, str], says: str):
    (tmp_path / "qa.toml").write_text(file)
    with pytest.raises(SettingsError, match=says):
        load(tmp_path, environ)


def test_a_mistake_on_the_command_line(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"setting 'k' \(command line\) is 1000"):
        load(tmp_path, k=1000)


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().k = 3  # type: ignore[misc]


def test_every_setting_says_what_it_is():
    for name, field in Settings.model_fields.items():
        assert field.description, name
