"""Where settings come from, in which order, and what is shown of them."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from landbridge.settings import Settings, SettingsError, load_settings, origins

KEY = base64.b64encode(bytes(range(32))).decode()


def row(settings: Settings, name: str) -> tuple[str, str]:
    """Value and origin as people see them."""
    return next((item.value, item.origin) for item in origins(settings) if item.name == name)


def write(folder: Path, text: str) -> Path:
    file = folder / "landbridge.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_command_line_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    file = write(tmp_path, "web_port = 1111\nconcurrency = 2\nhttp_attempts = 3\n")
    environ = {
        "LANDBRIDGE_HOME": str(tmp_path),
        "LANDBRIDGE_WEB_PORT": "2222",
        "LANDBRIDGE_CONCURRENCY": "4",
    }
    settings = load_settings(environ, {"web_port": 3333})
    assert row(settings, "web_port") == ("3333", "command line")
    assert row(settings, "concurrency") == ("4", "environment LANDBRIDGE_CONCURRENCY")
    assert row(settings, "http_attempts") == ("3", f"file {file}")
    assert row(settings, "highlevel_page_size") == ("500", "default")


def test_blank_variables_and_options_not_given_count_as_not_set(tmp_path: Path) -> None:
    environ = {"LANDBRIDGE_HOME": str(tmp_path), "LANDBRIDGE_WEB_PORT": "", "LANDBRIDGE_CONFIG": ""}
    settings = load_settings(environ, {"web_port": None, "config": None})
    assert row(settings, "web_port") == ("8780", "default")


def test_an_option_switched_off_is_not_the_same_as_one_not_given(tmp_path: Path) -> None:
    environ = {"LANDBRIDGE_HOME": str(tmp_path), "LANDBRIDGE_REZORA_PUT_PARTIAL": "true"}
    assert load_settings(environ, {"rezora_put_partial": False}).rezora_put_partial is False


def test_the_environment_understands_words_for_true_and_false(tmp_path: Path) -> None:
    for word, meaning in {"1": True, "yes": True, "on": True, "False": False, "0": False}.items():
        environ = {"LANDBRIDGE_HOME": str(tmp_path), "LANDBRIDGE_HIGHLEVEL_READ_ONLY": word}
        assert load_settings(environ).highlevel_read_only is meaning


def test_a_connection_to_highlevel_may_write_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    settings = load_settings({"LANDBRIDGE_HOME": str(tmp_path)})
    assert row(settings, "highlevel_read_only") == ("false", "default")
    assert settings.highlevel_read_only is False


def test_home_follows_xdg_and_holds_the_database(tmp_path: Path) -> None:
    settings = load_settings({"XDG_DATA_HOME": str(tmp_path)})
    assert settings.home == tmp_path / "landbridge"
    assert settings.database_url == f"sqlite:///{tmp_path}/landbridge/landbridge.sqlite3"
    assert row(settings, "home")[1] == "default"


def test_a_relative_xdg_folder_is_ignored_as_its_specification_says(tmp_path: Path) -> None:
    assert load_settings({"XDG_DATA_HOME": "here"}).home.is_absolute()
    assert "here" not in load_settings({"XDG_DATA_HOME": "here"}).home.parts


def test_another_settings_file_may_say_where_home_is(tmp_path: Path) -> None:
    home = tmp_path / "state"
    file = write(tmp_path, f'home = "{home}"\n')
    settings = load_settings({"LANDBRIDGE_CONFIG": str(file), "XDG_DATA_HOME": "/nowhere"})
    assert settings.home == home
    assert row(settings, "home") == (str(home), f"file {file}")
    assert load_settings({}, {"config": file}).home == home


def test_dependent_addresses_follow_the_ones_they_depend_on(tmp_path: Path) -> None:
    environ = {
        "LANDBRIDGE_HOME": str(tmp_path),
        "LANDBRIDGE_HIGHLEVEL_API_URL": "http://127.0.0.1:9100/",
        "LANDBRIDGE_WEB_PORT": "9200",
    }
    settings = load_settings(environ)
    assert settings.highlevel_api_url == "http://127.0.0.1:9100"
    assert settings.highlevel_token_url == "http://127.0.0.1:9100/oauth/token"
    assert settings.public_url == "http://127.0.0.1:9200"
    assert row(settings, "highlevel_token_url")[1] == "default"


def test_secrets_are_never_shown_anywhere(tmp_path: Path) -> None:
    environ = {
        "LANDBRIDGE_HOME": str(tmp_path),
        "LANDBRIDGE_KEY": KEY,
        "LANDBRIDGE_HIGHLEVEL_CLIENT_SECRET": "canary-5f1c",
    }
    settings = load_settings(environ)
    assert settings.key.get_secret_value() == KEY
    assert settings.highlevel_client_secret.get_secret_value() == "canary-5f1c"
    everything = f"{origins(settings)!r} {settings!r} {settings} {settings.model_dump_json()}"
    assert KEY not in everything
    assert "canary-5f1c" not in everything
    assert row(settings, "key") == ("set, not shown", "environment LANDBRIDGE_KEY")
    assert row(load_settings({"LANDBRIDGE_HOME": str(tmp_path)}), "key") == ("", "default")


def test_every_setting_is_listed_once_with_its_description_and_variable(tmp_path: Path) -> None:
    rows = origins(load_settings({"LANDBRIDGE_HOME": str(tmp_path)}))
    assert [item.name for item in rows] == list(Settings.model_fields)
    assert all(item.description.endswith(".") for item in rows)
    assert all(item.env_name == "LANDBRIDGE_" + item.name.upper() for item in rows)
    assert all(item.unit == "seconds" for item in rows if item.name.endswith("_seconds"))


def test_settings_cannot_be_changed_afterwards(tmp_path: Path) -> None:
    settings = load_settings({"LANDBRIDGE_HOME": str(tmp_path)})
    with pytest.raises(ValueError, match="frozen"):
        settings.web_port = 1


def test_the_database_driver_is_not_the_operators_affair(tmp_path: Path) -> None:
    environ = {"LANDBRIDGE_HOME": str(tmp_path), "LANDBRIDGE_DATABASE_URL": "sqlite+aiosqlite:////srv/a b.db"}
    assert load_settings(environ).database_url == "sqlite:////srv/a b.db"


def test_importing_and_making_settings_reads_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDBRIDGE_WEB_PORT", "not a port")
    subprocess.run([sys.executable, "-c", "import landbridge.settings"], check=True, timeout=60)
    assert load_settings({"LANDBRIDGE_HOME": str(tmp_path)}).web_port == 8780


def test_a_bad_home_is_a_settings_error_and_not_a_crash() -> None:
    with pytest.raises(SettingsError, match="home"):
        load_settings({}, {"home": 7})


@pytest.mark.parametrize(("given", "read"), [("60,1440 , 60", "1440, 60"), ("None", "none"), ("0", "0")])
def test_reminders_are_minutes_the_longest_first(given: str, read: str) -> None:
    assert load_settings({"LANDBRIDGE_CALENDAR_TASK_REMINDERS": given}).calendar_task_reminders == read
