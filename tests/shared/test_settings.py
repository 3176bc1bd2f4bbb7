"""Settings: what the environment may say, and what is told when it says something else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError

from churn.errors import ConfigurationError
from churn.settings import CommaSeparated, CommaSeparatedSecrets, Setting, Settings, describe


class ServiceSettings(Settings):
    """What a service adds to the base, with every kind of value."""

    rows: int = Field(1000, gt=0, description="Rows at most.")
    share: float = Field(0.5, description="A share.")
    strict: bool = Field(False, description="Whether to be strict.")
    origins: CommaSeparated = Field((), description="Origins.")
    names: CommaSeparated = Field(("a", "b"), description="Names.")
    keys: CommaSeparatedSecrets = Field((), max_length=2, description="Keys, at least 16 characters each.")
    password: SecretStr | None = Field(SecretStr("preset-secret"), min_length=8, description="A password.")

    def conflicts(self) -> Iterator[str]:
        if self.env == "production" and not self.keys:
            yield "CHURN_KEYS is not set: production needs one at least."
        if self.env == "production" and self.strict:
            yield "CHURN_STRICT is for development."


@pytest.fixture(autouse=True)
def store_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_STORE_URL", "s3://churn")


def refusal(settings: type[Settings] = ServiceSettings) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings.load()
    return caught.value.message


def test_defaults_hold_where_the_environment_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_ENV", "")
    monkeypatch.setenv("CHURN_ROWS", "")
    settings = ServiceSettings.load()
    assert (settings.env, settings.store_url, settings.log_level) == ("development", "s3://churn", "INFO")
    assert (settings.log_dir, settings.rows, settings.origins, settings.keys) == (None, 1000, (), ())


def test_the_environment_is_read_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"LOG_LEVEL": "debug", "LOG_DIR": "/var/log/churn", "ROWS": "7", "STRICT": "true"}
    for name, value in (values | {"ORIGINS": " https://a , https://b,", "KEYS": "first,second"}).items():
        monkeypatch.setenv(f"CHURN_{name}", value)
    settings = ServiceSettings.load()
    assert (settings.log_level, settings.log_dir, settings.rows) == ("DEBUG", Path("/var/log/churn"), 7)
    assert settings.strict is True
    assert settings.origins == ("https://a", "https://b")
    assert [key.get_secret_value() for key in settings.keys] == ["first", "second"]


def test_variables_that_nobody_knows_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_FROM_A_LATER_VERSION", "1")
    monkeypatch.setenv("ROWS", "not ours")
    assert ServiceSettings.load().rows == 1000


def test_settings_are_frozen_and_given_by_name_in_tests() -> None:
    settings = Settings(store_url="file:///folder", log_level="ERROR")
    assert (settings.store_url, settings.log_level) == ("file:///folder", "ERROR")
    with pytest.raises(ValidationError, match="frozen"):
        settings.env = "production"


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("CHURN_ENV", "prod", "'development' or 'production'"),
        ("CHURN_STORE_URL", "bucket", "s3://bucket or file:///folder"),
        ("CHURN_STORE_URL", "s3://Bucket", "lower case letters"),
        ("CHURN_LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
        ("CHURN_ROWS", "many", "Rows at most."),
        ("CHURN_ROWS", "0", "greater than 0"),
        ("CHURN_STRICT", "perhaps", "Whether to be strict."),
    ],
)
def test_a_bad_value_is_named_with_its_variable_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(name, value)
    message = refusal()
    assert f"{name} is {value!r}" in message
    assert remedy in message


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHURN_STORE_URL")
    monkeypatch.setenv("CHURN_ROWS", "many")
    monkeypatch.setenv("CHURN_ENV", "prod")
    message = refusal()
    assert "CHURN_STORE_URL is not set. The object store" in message
    assert "CHURN_ROWS is 'many'" in message
    assert "CHURN_ENV is 'prod'" in message


def test_a_rule_over_several_settings_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_ENV", "production")
    assert refusal() == "The settings need attention: CHURN_KEYS is not set: production needs one at least."


def test_rules_are_judged_although_single_settings_are_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHURN_STORE_URL")
    for name, value in {"ENV": "production", "STRICT": "true", "ROWS": "many"}.items():
        monkeypatch.setenv(f"CHURN_{name}", value)
    message = refusal()
    for sentence in ("CHURN_STORE_URL is not set.", "CHURN_ROWS is 'many'", "CHURN_KEYS is not", "CHURN_STRICT is for"):
        assert message.count(sentence) == 1


def test_a_program_ends_with_the_message_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHURN_STORE_URL")
    with pytest.raises(SystemExit, match=r"^The settings need attention: CHURN_STORE_URL is not set"):
        ServiceSettings.load_or_exit()


def test_long_values_are_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_ROWS", "x" * 10_000)
    assert len(refusal()) < 300


@pytest.mark.parametrize(("name", "value"), [("CHURN_PASSWORD", "secret!"), ("CHURN_KEYS", "secret!,secret!,secret!")])
def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    message = refusal()
    assert f"{name} is set to what is not shown: " in message
    assert "at least 8" in message or "at most 2" in message
    assert "secret!" not in message


def test_a_setting_that_does_not_exist_is_refused_where_settings_are_made_by_hand() -> None:
    with pytest.raises(ValidationError, match="log_levle"):
        Settings(store_url="s3://churn", log_levle="DEBUG")


def test_secrets_are_not_in_a_printed_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError) as caught:
        ServiceSettings(password="secret!")
    assert "secret!" not in str(caught.value)
    monkeypatch.setenv("CHURN_KEYS", "topsecret")
    assert "topsecret" not in repr(ServiceSettings.load())


def test_settings_describe_themselves_as_one_writes_them() -> None:
    described = describe(ServiceSettings)
    assert [setting.name for setting in described][:4] == [
        "CHURN_ENV", "CHURN_STORE_URL", "CHURN_LOG_LEVEL", "CHURN_LOG_DIR",
    ]  # fmt: skip
    assert Setting("CHURN_ROWS", "1000", "Rows at most.") in described
    defaults = {setting.name: setting.default for setting in described}
    assert defaults["CHURN_STORE_URL"] is None
    assert defaults["CHURN_LOG_DIR"] == defaults["CHURN_ORIGINS"] == defaults["CHURN_PASSWORD"] == ""
    assert (defaults["CHURN_STRICT"], defaults["CHURN_SHARE"], defaults["CHURN_NAMES"]) == ("false", "0.5", "a,b")
    assert all(setting.description for setting in described)


def test_a_described_default_can_be_written_into_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ServiceSettings.load()
    for setting in describe(ServiceSettings):
        if setting.default is not None:
            monkeypatch.setenv(setting.name, setting.default)
    assert ServiceSettings.load() == before
