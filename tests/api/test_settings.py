"""The API's settings refuse what is unsafe."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from churn.errors import ConfigurationError
from churn_api.alerts.mail import MailChannel
from churn_api.settings import ApiSettings
from churn_api.worker.channels import channels_of


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("CHURN_STORE_URL", "file:///store")
    return monkeypatch


def test_what_is_not_set_has_its_default(environment: pytest.MonkeyPatch) -> None:
    del environment
    settings = ApiSettings.load()
    assert (settings.api_workers, settings.cache, settings.max_batch_rows) == (2, "auto", 1000)
    assert (settings.max_upload_mb, settings.job_ttl_days, settings.named_keys()) == (200, 7, ())


@pytest.mark.parametrize(
    "keys",
    ["", "short", "aaaaaaaaaaaaaaaaaaaaaaaa", "change-me-change-me-now", "9f86d081884c7d659a2f,short"],
)
def test_production_wants_keys_that_nobody_guesses(environment: pytest.MonkeyPatch, keys: str) -> None:
    environment.setenv("CHURN_ENV", "production")
    environment.setenv("CHURN_API_KEYS", keys)
    with pytest.raises(ConfigurationError, match="CHURN_API_KEYS") as refused:
        ApiSettings.load()
    assert "openssl" in str(refused.value)


@pytest.mark.parametrize("held", ["variable", "file"])
def test_production_starts_with_a_good_key(environment: pytest.MonkeyPatch, tmp_path: Path, held: str) -> None:
    environment.setenv("CHURN_ENV", "production")
    if held == "variable":
        environment.setenv("CHURN_API_KEYS", "9f86d081884c7d659a2f")
    else:
        (tmp_path / "keys").write_text("9f86d081884c7d659a2f\n")
        environment.setenv("CHURN_API_KEYS_FILE", str(tmp_path / "keys"))
    settings = ApiSettings.load()
    settings.check_keys()
    assert [key.secret for key in settings.named_keys()] == ["9f86d081884c7d659a2f"]


@pytest.mark.parametrize("origins", ["*", "https://*.example.org", "https://crm.example.org,*"])
def test_production_refuses_a_wildcard_among_the_origins(environment: pytest.MonkeyPatch, origins: str) -> None:
    environment.setenv("CHURN_ENV", "production")
    environment.setenv("CHURN_API_KEYS", "9f86d081884c7d659a2f")
    environment.setenv("CHURN_CORS_ORIGINS", origins)
    with pytest.raises(ConfigurationError, match="CHURN_CORS_ORIGINS holds a wildcard"):
        ApiSettings.load()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "is no file that can be read"),
        ("", "holds no key"),
        ("# nobody yet\n", "holds no key"),
        ("crm scroe 9f86d081884c7d659a2f\n", "Line 1 of CHURN_API_KEYS_FILE gives crm a scope"),
        ("crm score short\n", "crm can be guessed"),
        ("\xff", "no text in UTF-8"),
    ],
    ids=["not there", "empty", "a comment", "a slip of the pen", "weak", "another encoding"],
)
def test_a_service_does_not_start_with_a_file_of_keys_that_serves_nobody(
    environment: pytest.MonkeyPatch, tmp_path: Path, text: str | None, says: str
) -> None:
    file = tmp_path / "keys"
    if text is not None:
        file.write_text(text, "latin-1")
    environment.setenv("CHURN_ENV", "production")
    environment.setenv("CHURN_API_KEYS_FILE", str(file))
    settings = ApiSettings.load()  # as a process of a running service does, which lives on
    assert settings.wants_keys
    with pytest.raises(ConfigurationError, match=says):
        settings.check_keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [("CACHE", "sometimes"), ("API_WORKERS", "0"), ("MAX_BATCH_ROWS", "many"), ("RELEASE_POLL_SECONDS", "0")],
)
def test_a_value_that_cannot_be_is_named(environment: pytest.MonkeyPatch, name: str, value: Any) -> None:
    environment.setenv(f"CHURN_{name}", value)
    with pytest.raises(ConfigurationError, match=f"CHURN_{name}"):
        ApiSettings.load()


def test_keys_are_never_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CHURN_API_KEYS", "9f86d081884c7d659a2f")
    assert "9f86d0" not in repr(ApiSettings.load())


@pytest.mark.parametrize(
    "command",
    [
        ["gunicorn", "--config", "services/api/gunicorn.conf.py", "--bind", "127.0.0.1:0"],
        ["celery", "--app", "churn_api.worker.app", "worker"],
    ],
    ids=["api", "worker"],
)
def test_production_names_all_that_is_missing_or_unsafe_at_once_and_shows_no_traceback(
    root: Path, command: list[str]
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")}
    environment |= {
        "PYTHONPATH": f"{root}/shared{os.pathsep}{root}/services/api",
        "CHURN_ENV": "production",
        "CHURN_CORS_ORIGINS": "*",
        "CHURN_WEBHOOK_URL": "https://crm.example.org/",
        "CHURN_API_WORKERS": "0",
    }
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    [said] = (done.stdout + done.stderr).splitlines()
    assert said.startswith("The settings need attention: ")
    for sentence in (
        "CHURN_STORE_URL is not set. ",
        "CHURN_API_WORKERS is '0': ",
        "CHURN_API_KEYS (or CHURN_API_KEYS_FILE) is not set, ",
        "CHURN_CORS_ORIGINS holds a wildcard, ",
        "CHURN_WEBHOOK_SECRET has fewer than 16 characters, ",
    ):
        assert said.count(sentence) == 1


def test_digests_are_mailed_where_a_server_and_somebody_are_named(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(" an SMTP password\n")
    environment.setenv("CHURN_SMTP_URL", "smtp://churn@mail.example.org")
    environment.setenv("CHURN_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    environment.setenv("CHURN_ALERT_TO", "a@example.org, b@example.org")
    settings = ApiSettings.load()
    server = settings.mail_server()
    assert server is not None
    assert (server.host, server.port, server.user, server.password) == (
        "mail.example.org",
        587,
        "churn",
        "an SMTP password",
    )
    assert settings.alert_to == ("a@example.org", "b@example.org")
    (channel,) = channels_of(settings).values()
    assert isinstance(channel, MailChannel)
    assert channel._sender == "a@example.org"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"CHURN_SMTP_URL": "smtp://h"}, "CHURN_ALERT_TO is not set"),
        ({"CHURN_SMTP_URL": "http://a:hidden-one@h", "CHURN_ALERT_TO": "a@b.c"}, "no smtp or smtps URL"),
        ({"CHURN_SMTP_URL": "smtp://a@h", "CHURN_ALERT_TO": "a@b.c"}, "a user without a password"),
        (
            {"CHURN_SMTP_URL": "smtp://a@h", "CHURN_ALERT_TO": "a@b.c", "CHURN_SMTP_PASSWORD_FILE": "/no/such"},
            "CHURN_SMTP_PASSWORD_FILE",
        ),
        ({"CHURN_ALERT_TO": "nobody"}, "'nobody' is no e-mail address"),
        ({"CHURN_ALERT_TO": "a@b.c", "CHURN_ALERT_FROM": "a@b.c\nBcc: x@y.z"}, "is no e-mail address"),
    ],
)
def test_what_cannot_be_mailed_is_refused_without_showing_the_password(
    environment: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        ApiSettings.load()
    assert words in str(refused.value)
    assert "hidden-one" not in str(refused.value)
