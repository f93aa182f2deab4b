"""Settings as they are read, and log lines as they come out."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import structlog
from pydantic import Field, ValidationError

from infra.settings import InfraSettings
from runtime import logs
from runtime.settings import ServerSettings

NEEDED = {
    "ONSALE_POSTGRES_URL": "postgresql://u:p@h/d",
    "ONSALE_REDIS_URL": "redis://h/0",
    "ONSALE_KAFKA_BOOTSTRAP": "h:9092",
    "ONSALE_SECRET": "new secret of thirty-two letters, old secret of thirty-two letters",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


class RoomSettings(ServerSettings):
    """A room's own setting beside the shared ones."""

    backlog_max: int = Field(default=7, description="So many.")


def test_settings_come_from_the_environment_under_one_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONSALE_BACKLOG_MAX", "9")
    settings = RoomSettings()
    assert (settings.kafka_bootstrap, settings.backlog_max, settings.port) == ("h:9092", 9, 0)
    assert settings.secrets == ("new secret of thirty-two letters", "old secret of thirty-two letters")


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in ServerSettings.model_fields.items() if not field.description] == []


def test_settings_do_not_change_and_do_not_give_away_the_secret() -> None:
    settings = RoomSettings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
    assert "thirty-two" not in repr(settings) + str(settings.model_dump())
    assert "u:p@h" not in repr(settings)


@pytest.mark.parametrize("secret", ["short one", "long enough for a secret,short one", "long enough for a secret,"])
@pytest.mark.parametrize("kind", [ServerSettings, InfraSettings])
def test_a_secret_that_is_too_short_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, kind: type[ServerSettings] | type[InfraSettings], secret: str
) -> None:
    monkeypatch.setenv("ONSALE_SECRET", secret)
    with pytest.raises(ValidationError, match="16") as refused:
        kind()
    assert not any(part in str(refused.value) for part in ("short one", "long enough"))


def test_what_starts_the_servers_does_not_show_its_secrets_either() -> None:
    shown = repr(InfraSettings())
    assert "thirty-two" not in shown and "u:p@h" not in shown


@pytest.mark.parametrize(("name", "value"), [("PORT", "70000"), ("SECRET", "short"), ("LOG_LEVEL", "loud")])
def test_a_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ONSALE_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        ServerSettings()


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root, level = logging.getLogger(), logging.getLogger().level
    before = list(root.handlers)
    yield
    structlog.reset_defaults()
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)


@pytest.mark.usefixtures("restored_logging")
def test_both_kinds_of_loggers_write_one_json_line_each() -> None:
    out = io.StringIO()
    logs.configure("info", json=True, stream=out)
    structlog.get_logger("a").info("room.opened", part=3)
    logging.getLogger("b").warning("plain %s", "words")
    structlog.get_logger("a").debug("too small")
    first, second = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (first["event"], first["part"], first["level"], first["logger"]) == ("room.opened", 3, "info", "a")
    assert (second["event"], second["level"], second["logger"]) == ("plain words", "warning", "b")
    assert first["timestamp"].endswith("Z")


@pytest.mark.usefixtures("restored_logging")
@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_the_way_but_no_values(as_json: bool) -> None:
    out = io.StringIO()
    logs.configure("info", json=as_json, stream=out)

    def connect(password: str) -> None:
        raise OSError(f"refused, {len(password)} letters")

    try:
        connect("correct horse")
    except OSError:
        structlog.get_logger("a").error("failed", exc_info=True)
    assert "refused, 13 letters" in out.getvalue()
    assert "connect" in out.getvalue()
    assert "correct horse" not in out.getvalue().replace('connect("correct horse")', "")


@pytest.mark.usefixtures("restored_logging")
def test_configuring_again_replaces_the_first_and_leaves_strangers() -> None:
    stranger = logging.NullHandler()
    logging.getLogger().addHandler(stranger)
    first, second = io.StringIO(), io.StringIO()
    logs.configure("info", json=True, stream=first)
    logs.configure("warning", json=True, stream=second)
    structlog.get_logger("a").warning("once")
    assert (first.getvalue(), len(second.getvalue().splitlines())) == ("", 1)
    assert stranger in logging.getLogger().handlers


def refused_row() -> asyncpg.PostgresError:
    """An error as Postgres sends it, with the row that it did not take; there are line ends in the row."""
    fields = {"C": "23514", "M": "violates check", "D": "Failing row contains (Ada\n\nLovelace).", "S": "ERROR"}
    error = asyncpg.PostgresError.new(fields)
    assert isinstance(error, asyncpg.CheckViolationError) and "Lovelace" in str(error)
    return error


@pytest.mark.usefixtures("restored_logging")
@pytest.mark.parametrize("as_json", [True, False])
def test_a_row_that_postgres_quotes_is_not_written_down(as_json: bool) -> None:
    out = io.StringIO()
    logs.configure("info", json=as_json, stream=out)
    mine, theirs = structlog.get_logger("a"), logging.getLogger("b")
    mine.warning("room.store_away", error=str(refused_row()))
    theirs.warning("failed: %s", refused_row())
    for kind in (mine, theirs):
        try:
            try:
                raise refused_row()
            except asyncpg.PostgresError as error:
                raise ExceptionGroup("several", [refused_row(), OSError("x")]) from error
        except ExceptionGroup as group:
            kind.error("as an argument", exc_info=group)
            kind.exception("as what is being handled")
    said = out.getvalue()
    assert "Lovelace" not in said and "Ada" not in said
    assert said.count("violates check") >= 6 and "room.store_away" in said and "as an argument" in said
