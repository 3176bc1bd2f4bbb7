"""Settings: read from the environment once, checked, frozen, and passed in.

A setting is declared once, as a field with its default and its reason; tests compare `.env.example` and the README.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretBytes, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from churn.errors import ConfigurationError
from churn.store.address import parse_url

PREFIX = "CHURN_"
# Enough to recognise a typing error by, too little to leak a secret that was pasted by mistake.
_SHOWN_CHARACTERS = 40


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _store_url(value: str) -> str:
    parse_url(value)
    return value


# A setting of several texts, written with commas between them.
CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
# The same where each text is a secret.
CommaSeparatedSecrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)]


class Setting(NamedTuple):
    """A setting as documents show it.

    `default` is written as in the environment: "" if the setting is off by default, None if a value must be given.
    """

    name: str
    default: str | None
    description: str


class Settings(BaseSettings):
    """The settings of every service. An empty variable counts as not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    env: Literal["development", "production"] = Field(
        "development",
        description="development or production. Production refuses to start with what would be unsafe to expose.",
    )
    store_url: Annotated[str, AfterValidator(_store_url)] = Field(
        examples=["s3://bucket"],
        description="The object store, the only place where anything is kept: s3://bucket or file:///folder. An S3 "
        "endpoint of one's own is AWS_ENDPOINT_URL_S3; credentials and region are AWS's own variables.",
    )
    log_level: LogLevel = Field(
        "INFO",
        description="The least severe log line that is written: DEBUG, INFO, WARNING, ERROR or CRITICAL.",
    )
    log_dir: Path | None = Field(
        None,
        description="A folder for log files that rotate (10 MB, 5 older ones kept), beside the lines on stderr. Not "
        "set: none, because containers' own logs are rotated by the engine.",
    )

    def conflicts(self) -> Iterator[str]:
        """A sentence with its remedy for each combination of settings that is refused."""
        yield from ()

    @model_validator(mode="after")
    def _nothing_conflicts(self) -> Self:
        if found := list(self.conflicts()):
            raise ValueError(" ".join(found))
        return self

    @classmethod
    def load(cls) -> Self:
        """The settings by the environment. Raises ConfigurationError, which names every variable at fault."""
        try:
            return cls()
        except ValidationError as error:
            faults = [*error.errors(), *_conflicts_besides(cls, error)]
            raise ConfigurationError([_fault(cls, detail) for detail in faults]) from None

    @classmethod
    def load_or_exit(cls) -> Self:
        """The same for a program's start: exits with the message alone instead of a traceback."""
        try:
            return cls.load()
        except ConfigurationError as error:
            raise SystemExit(error.message) from None


def describe(settings: type[Settings]) -> list[Setting]:
    """Every setting of a class, those of its base class first."""
    return [
        Setting(str(field.validation_alias or _env_name(name)), _written(field), field.description or "")
        for name, field in settings.model_fields.items()
    ]


def _env_name(field: str) -> str:
    return f"{PREFIX}{field}".upper()


def _written(field: FieldInfo) -> str | None:
    """A field's default as it is written in the environment."""
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return None
    if default is None or _is_secret(field.annotation):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _conflicts_besides(settings: type[Settings], error: ValidationError) -> list[ErrorDetails]:
    """The conflicts between the other settings where single ones are at fault, so that all is reported at once.

    The faulty settings count as having their defaults.
    """
    at_fault = {str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}
    if not at_fault:
        return []
    try:
        settings(**{name: _harmless(settings.model_fields[name]) for name in at_fault})
    except ValidationError as further:
        return further.errors()
    return []


def _harmless(field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True, validated_data={})
    return (field.examples or [None])[0] if default is PydanticUndefined else default


def _fault(settings: type[Settings], detail: ErrorDetails) -> str:
    """A sentence about a fault: the variable, its value and the remedy."""
    if not detail["loc"]:
        # A rule over several settings, which brings its own sentence.
        return _reason(detail)
    field = str(detail["loc"][0])
    name, declared = _env_name(field), settings.model_fields[field]
    if detail["type"] == "missing":
        return f"{name} is not set. {declared.description}"
    value = "set to what is not shown" if _is_secret(declared.annotation) else _shortened(detail["input"])
    return f"{name} is {value}: {_reason(detail)} {declared.description}"


def _reason(detail: ErrorDetails) -> str:
    return detail["msg"].removeprefix("Value error, ").rstrip(".") + "."


def _shortened(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")


def _is_secret(annotation: Any) -> bool:
    """Whether a type is a secret or contains one."""
    return annotation in (SecretStr, SecretBytes) or any(map(_is_secret, get_args(annotation)))
