"""Settings: where they come from, what is refused and how it is said, and the manual's page."""

from pathlib import Path
from typing import Any

import attrs
import pytest

from voxanne_trio.cli.settings_doc import markdown
from voxanne_trio.environment import variable
from voxanne_trio.settings import InvalidSettings, Settings

ROOT = Path(__file__).parent.parent
KEYS = {
    "DEEPGRAM_API_KEY": "dg",
    "GROQ_API_KEY": "gq",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "new, old,",
}


def load(environ: dict[str, str], env_file: Path | None = None) -> Settings:
    return Settings.load(environ, env_file)


def test_nothing_set_gives_the_defaults() -> None:
    assert load({}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("DEEPGRAM_API_KEY", " key ", "deepgram_api_key", "key"),
        ("TWILIO_AUTH_TOKEN", "new, old,", "twilio_auth_tokens", ("new", "old")),
        ("VOXANNE_LLM_MODELS", "a/b", "llm_models", ("a/b",)),
        ("VOXANNE_PORT", "0", "port", 0),
        ("VOXANNE_EOT_THRESHOLD", "0.65", "eot_threshold", 0.65),
        ("VOXANNE_LOG_WORDS", "No", "log_words", False),
        ("VOXANNE_PUBLIC_URL", "https://a.example/", "public_url", "https://a.example"),
        ("VOXANNE_PUBLIC_URL", "http://[::1]:80", "public_url", "http://[::1]:80"),
        ("VOXANNE_LOG_FILE", "", "log_file", ""),
        ("VOXANNE_CACHE_DIR", "", "cache_dir", ""),
        ("VOXANNE_IDLE_SECONDS", "5, 7.5", "idle_seconds", (5.0, 7.5)),
        ("VOXANNE_HOST", "", "host", "0.0.0.0"),
        ("VOXANNE_PORT", "", "port", 8000),
    ],
)
def test_values(name: str, text: str, attribute: str, value: Any) -> None:
    assert getattr(load({name: text}), attribute) == value


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("VOXANNE_PORT", "http", "'http' is not a whole number"),
        ("VOXANNE_PORT", "70000", "70000 is not from 0 to 65535"),
        ("VOXANNE_LEAD_MS", "5", "5 is not from 20 to 10000"),
        ("VOXANNE_MAX_CALLS", "0", "0 is not at least 1"),
        ("VOXANNE_HANGUP_GRACE_MS", "-1", "-1 is not at least 0"),
        ("VOXANNE_EOT_THRESHOLD", "nan", "'nan' is not a number"),
        ("VOXANNE_LOG_WORDS", "perhaps", "'perhaps' is neither true nor false"),
        ("VOXANNE_STT", "whisper", "'whisper' is not one of flux, nova"),
        ("VOXANNE_PUBLIC_URL", "a.example", "'a.example' does not start with https:// and a host"),
        ("VOXANNE_PUBLIC_URL", "https://a/b", "'https://a/b' is more than an origin: leave out"),
        ("VOXANNE_PUBLIC_URL", "https://[a", "'https://[a' is not a URL"),
        ("GROQ_API_KEY_FILE", "/nowhere/key", "file /nowhere/key cannot be read"),
    ],
)
def test_problems_are_one_line_that_names_the_variable(name: str, text: str, problem: str) -> None:
    with pytest.raises(InvalidSettings) as invalid:
        load({name: text})
    (line,) = invalid.value.problems
    assert line.startswith(f"{name.removesuffix('_FILE')}: {problem}")
    assert "\n" not in line


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidSettings) as invalid:
        load({"VOXANNE_PORT": "x", "VOXANNE_STT": "y"})
    assert len(invalid.value.problems) == 2
    assert len(str(invalid.value).splitlines()) == 2


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text('VOXANNE_PORT=1\nVOXANNE_VOICE="a ${HOME} voice"  # why\nGROQ_API_KEY=\n')
    settings = load({"VOXANNE_PORT": "2"}, env_file)
    assert (settings.port, settings.voice, settings.groq_api_key) == (2, "a ${HOME} voice", "")
    assert load({}, tmp_path / "none") == Settings()


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("from file\n")
    assert load({"GROQ_API_KEY_FILE": str(secret)}).groq_api_key == "from file"
    env_file = tmp_path / ".env"
    env_file.write_text("GROQ_API_KEY=from env file\n")
    assert load({"GROQ_API_KEY_FILE": str(secret)}, env_file).groq_api_key == "from file"
    with pytest.raises(InvalidSettings, match="GROQ_API_KEY_FILE is set as well"):
        load({"GROQ_API_KEY_FILE": str(secret), "GROQ_API_KEY": "too"})


def test_what_serve_needs() -> None:
    assert load({}).missing_for_serve() == (*KEYS, "VOXANNE_PUBLIC_URL")
    assert load(KEYS).missing_for_serve() == ("VOXANNE_PUBLIC_URL",)
    assert load(KEYS | {"VOXANNE_HOST": "127.0.0.1"}).missing_for_serve() == ()
    assert load(KEYS | {"VOXANNE_PUBLIC_URL": "https://a.example"}).missing_for_serve() == ()


def test_secrets_do_not_show() -> None:
    settings = load(KEYS | {"VOXANNE_OPERATOR_TOKEN": "tok"})
    for secret in ("dg", "gq", "new", "tok"):
        assert f"'{secret}'" not in repr(settings)
    marked = {field.name for field in attrs.fields(Settings) if field.metadata["secret"]}
    named = {
        field.name for field in attrs.fields(Settings) if field.name.endswith(("_key", "_token"))
    }
    assert named <= marked


def test_the_manual_is_current() -> None:
    """After a change of the settings: `voxanne settings --markdown > docs/settings.md`."""
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == markdown()


def test_the_example_names_real_settings() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    named = {line.lstrip("# ").partition("=")[0] for line in lines if "=" in line}
    assert named <= {variable(field) for field in attrs.fields(Settings)}
    assert set(Settings().missing_for_serve()) <= named
