"""What is refused: one sentence for each problem, naming the setting, its place and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from landbridge.settings import SettingsError, load_settings


def problems(
    folder: Path,
    *,
    toml: str = "",
    overrides: dict[str, object] | None = None,
    variables: dict[str, str] | None = None,
) -> list[str]:
    """The sentences for these variables (without prefix) and this settings file."""
    (folder / "landbridge.toml").write_text(toml, encoding="utf-8")
    environ = {f"LANDBRIDGE_{name.upper()}": value for name, value in (variables or {}).items()}
    with pytest.raises(SettingsError) as caught:
        load_settings({"LANDBRIDGE_HOME": str(folder)} | environ, overrides or {})
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


def test_a_number_out_of_range_names_setting_place_limits_and_default(tmp_path: Path) -> None:
    assert problems(tmp_path, variables={"highlevel_page_size": "900"}) == [
        "highlevel_page_size is '900' (environment LANDBRIDGE_HIGHLEVEL_PAGE_SIZE);"
        " allowed is a whole number from 1 to 500: correct it, or remove it for the default 500."
    ]


def test_a_choice_names_the_choices(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, toml='log_format = "xml"\n')
    assert sentence.startswith(
        f"log_format is 'xml' (file {tmp_path}/landbridge.toml); allowed is text or json"
    )


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        toml="web_prt = 1\n",
        variables={"web_port": "0", "concurrency": "65"},
        overrides={"http_attempts": 0},
    )
    assert [sentence.split()[0] for sentence in found] == [
        "web_prt",
        "http_attempts",
        "concurrency",
        "web_port",
    ]
    assert "(command line)" in found[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("highlevel_page_size", "0"),
        ("highlevel_page_size", "ten"),
        ("highlevel_quota_burst", "-1"),
        ("http_timeout_seconds", "0"),
        ("http_timeout_seconds", "nan"),
        ("http_timeout_seconds", "inf"),
        ("highlevel_read_only", "perhaps"),
        ("highlevel_version", "latest"),
        ("log_level", "loud"),
        ("web_host", "127.0.0.1/x"),
        ("database_url", "postgresql://127.0.0.1/landbridge"),
        ("database_url", "sqlite://"),
        ("calendar_appointment_reminders", "soon"),
        ("calendar_appointment_reminders", "1, 2, 3, 4, 5, 6"),
        ("calendar_task_reminders", "-5"),
        ("highlevel_contact_page", "https://app.example.com/contacts"),
        ("highlevel_contact_page", "javascript:alert('{location}{contact}')"),
    ],
)
def test_values_of_the_wrong_kind_are_refused(tmp_path: Path, name: str, value: str) -> None:
    [sentence] = problems(tmp_path, variables={name: value})
    assert sentence.startswith(f"{name} is {value!r} (environment LANDBRIDGE_{name.upper()}); allowed is ")


def test_true_is_not_a_number_in_the_file(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, toml="http_attempts = true\n")
    assert sentence.startswith("http_attempts is True")


@pytest.mark.parametrize(
    "address",
    [
        "http://services.example.com",
        "http://10.0.0.7:8080",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "services.example.com",
        "https://",
        "https://services.example.com/?token=1",
        "https://services.example.com/#top",
        "https://services.example.com:99999",
        "https://exam ple.com",
    ],
)
def test_addresses_must_be_https_without_a_query(tmp_path: Path, address: str) -> None:
    [sentence] = problems(tmp_path, variables={"rezora_api_url": address})
    assert "rezora_api_url is" in sentence
    assert "an https:// address" in sentence


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9100", "127.8.8.8", "localhost", "api.localhost:1", "[::1]:9100"]
)
def test_http_is_allowed_to_this_machine(tmp_path: Path, host: str) -> None:
    environ = {"LANDBRIDGE_HOME": str(tmp_path), "LANDBRIDGE_REZORA_API_URL": f"http://{host}/v1/"}
    assert load_settings(environ).rezora_api_url == f"http://{host}/v1"


def test_an_address_with_a_password_is_refused_and_not_repeated(tmp_path: Path) -> None:
    [sentence] = problems(
        tmp_path, variables={"rezora_api_url": "https://name:canary-91ab@api.example.com/v1"}
    )
    assert "canary-91ab" not in sentence
    assert sentence.startswith("rezora_api_url is not usable")


@pytest.mark.parametrize("key", ["canary-77", "Y2FuYXJ5", "c" * 43])
def test_a_bad_key_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    [sentence] = problems(tmp_path, variables={"key": key})
    assert sentence.startswith(
        "key is not usable (environment LANDBRIDGE_KEY); allowed is base64 of 32 bytes"
    )
    assert key not in sentence


def test_a_misspelt_name_in_the_file_gets_a_suggestion(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, toml='rezora_api_ulr = "https://api.example.com"\n')
    assert sentence == (
        f"rezora_api_ulr (file {tmp_path}/landbridge.toml) is not a setting; did you mean rezora_api_url?"
    )


def test_a_name_like_no_other_points_to_the_list(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, overrides={"zzz": "1"})
    assert sentence == "zzz (command line) is not a setting; docs/settings.md lists all names."


def test_a_table_in_the_file_is_explained(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, toml='[rezora]\napi_url = "https://api.example.com"\n')
    assert "[rezora]" in sentence
    assert "`rezora_… = …` lines without a table" in sentence


def test_a_misspelt_variable_gets_a_suggestion(tmp_path: Path) -> None:
    assert problems(tmp_path, variables={"highlevel_api_ulr": "http://127.0.0.1:9"}) == [
        "LANDBRIDGE_HIGHLEVEL_API_ULR is not a setting; did you mean LANDBRIDGE_HIGHLEVEL_API_URL?"
    ]


def test_variables_that_kubernetes_sets_for_a_service_of_our_name_are_left_alone(tmp_path: Path) -> None:
    strangers = {
        "LANDBRIDGE_PORT": "tcp://10.0.0.1:8780",
        "LANDBRIDGE_PORT_8780_TCP_ADDR": "10.0.0.1",
        "LANDBRIDGE_SERVICE_HOST": "10.0.0.1",
        "LANDBRIDGE_SERVICE_PORT": "8780",
    }
    assert load_settings({"LANDBRIDGE_HOME": str(tmp_path)} | strangers).web_port == 8780


def test_a_cap_below_the_base_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, variables={"backoff_base_seconds": "2", "backoff_cap_seconds": "1"}) == [
        "backoff_cap_seconds is below backoff_base_seconds; raise the one or lower the other."
    ]


def test_a_broken_file_names_the_line(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, toml="web_port = 1\nweb_host =\n")
    assert "is not TOML" in sentence
    assert "line 2" in sentence


def test_a_file_of_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "landbridge.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read as UTF-8"):
        load_settings({"LANDBRIDGE_HOME": str(tmp_path)})


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"There is no settings file .*elsewhere"):
        load_settings({"LANDBRIDGE_HOME": str(tmp_path), "LANDBRIDGE_CONFIG": str(tmp_path / "elsewhere")})


def test_the_file_in_home_cannot_move_home(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, toml='home = "/elsewhere"\n')
    assert sentence.endswith("set LANDBRIDGE_HOME instead.")


@pytest.mark.parametrize("value", ["http://hooks.example.org/canary-5", "https://u:canary-5@example.org"])
def test_a_webhook_that_cannot_be_used_is_refused_and_not_repeated(tmp_path: Path, value: str) -> None:
    [sentence] = problems(tmp_path, variables={"alert_webhook_url": value})
    assert sentence.startswith("alert_webhook_url is not usable")
    assert "canary-5" not in sentence


@pytest.mark.parametrize("value", ["ada", "ada@example.org, ", "ada@example.org\r\nBcc: b@example.org"])
def test_what_is_no_list_of_addresses_is_refused(tmp_path: Path, value: str) -> None:
    [sentence] = problems(tmp_path, variables={"alert_email_to": value})
    assert "alert_email_to is" in sentence
    assert "e-mail addresses with commas between" in sentence


def test_alerts_by_mail_need_a_sender_and_a_server(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, variables={"alert_email_to": "ada@example.org"})
    assert sentence.startswith("alert_email_to needs alert_email_from and smtp_host")


def test_mail_is_not_sent_in_the_clear_to_another_machine(tmp_path: Path) -> None:
    mail = {"smtp_host": "mail.example.org", "smtp_security": "none"}
    [sentence] = problems(tmp_path, variables=mail)
    assert sentence.startswith("smtp_security is none and smtp_host is another machine")
    environ = {"LANDBRIDGE_HOME": str(tmp_path), "LANDBRIDGE_SMTP_SECURITY": "none"}
    assert load_settings(environ | {"LANDBRIDGE_SMTP_HOST": "localhost"}).smtp_host == "localhost"
