"""The settings of the API and the worker."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from churn.errors import ConfigurationError
from churn.experiments.experiment import PromotionRule
from churn.settings import CommaSeparated, CommaSeparatedSecrets, Settings
from churn_api.addresses import checked_url
from churn_api.auth.api_keys import SHORTEST_KEY, Key, check, read_keys, unnamed
from churn_api.jobs.webhook_signature import key_of
from churn_api.mail_server import MailServer, checked_address, read_url


def _addresses(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(checked_address, texts))


class ApiSettings(Settings):
    """What the API and the worker are told; both run from one image."""

    api_workers: int = Field(
        2,
        ge=1,
        le=32,
        description="Processes that answer requests, each with up to sixty-six threads. About one for each core.",
    )
    api_keys: CommaSeparatedSecrets = Field(
        (),
        description="Keys that callers must send, separated by commas, of 16 characters or more. Not set: everybody "
        "may ask, which only development allows.",
    )
    api_keys_file: Path | None = Field(
        None,
        description="A file with further keys, one a line: a key that may do everything, or a name, its scopes (score, "
        "jobs, admin, with commas between them) and a key. It is read again when it changes; a broken one changes "
        "nothing.",
    )
    key_rate_limit: float = Field(
        500.0,
        ge=0,
        le=100_000,
        description="Requests a second that one key may make, over all processes of one API, in bursts of two "
        "seconds' worth. 0: as many as it likes.",
    )
    cors_origins: CommaSeparated = Field(
        (), description="Origins of other sites whose pages may call the API, separated by commas. Not set: none."
    )
    cache: Literal["auto", "always", "off"] = Field(
        "auto",
        description="When Redis is asked for a prediction: auto (where an answer is averaged over absent fields, or "
        "the model is not additive), always or off.",
    )
    cache_url: str | None = Field(
        None, description="The Redis that remembers predictions for all processes. Not set: each remembers its own."
    )
    queue_url: str = Field(
        "redis://127.0.0.1:6379/0", description="The Redis that hands jobs to the workers, as Celery writes it."
    )
    release_poll_seconds: float = Field(
        2.0, gt=0, le=3600, description="How often each process looks for a new release, in seconds."
    )
    max_batch_rows: int = Field(
        1_000, ge=1, le=10_000, description="The most customers in one /batch_predict; more belong into a job."
    )
    max_upload_mb: int = Field(200, ge=1, le=5_000, description="The largest CSV of a job, or of outcomes, in MB.")
    job_chunk_mb: float = Field(
        8.0,
        ge=0.25,
        le=64,
        description="How much of a job's CSV a worker scores in one go, in MB. Less takes less memory and shows "
        "progress more finely; below 8 the parts of the results are too small for S3 to join them by itself.",
    )
    job_ttl_days: int = Field(7, ge=1, le=365, description="How long a job and its files are kept, in days.")
    worker_concurrency: int = Field(
        1, ge=1, le=32, description="Chunks of jobs that one worker scores at a time, each in a process of its own."
    )
    sweep_seconds: float = Field(
        10.0,
        gt=0,
        le=600,
        description="How often each worker looks for what the queue or a dead worker has lost of jobs, in seconds.",
    )
    tracking: Literal["on", "off"] = Field(
        "on",
        description="Whether predictions of customers with an id, and what became of these customers, are kept in the "
        "store: on or off. GET /quality compares the two.",
    )
    tracking_days: int = Field(
        400,
        ge=31,
        le=3650,
        description="How long tracked predictions and outcomes are kept, in days, month by month; longer than the "
        "label window and seven days, or no prediction is ever judged.",
    )
    promote: PromotionRule = Field(
        "by_hand",
        description="Whether a release in shadow goes into service by itself once outcomes say that it is better, and "
        "out again if the one before it does better after all: by_hand or when_better.",
    )
    webhook_url: Annotated[str, AfterValidator(checked_url)] | None = Field(
        None,
        description="Where the end of each job is announced by a signed POST: an http or https URL. Not set: nowhere.",
    )
    webhook_secret: SecretStr | None = Field(
        None,
        description="The key that announcements are signed with (HMAC-SHA256, as in Standard Webhooks): whsec_ and a "
        "key in base 64, or any text. Must be set where the URL is.",
    )
    webhook_allow_private: bool = Field(
        False, description="Whether announcements may go to private, loopback and link-local addresses."
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="The mail server that sends digests of alerts on customers: smtp://user@host:587, where STARTTLS "
        "is used if the server offers it, or smtps://. The password may stand behind the user and a colon. Not set: "
        "they are not mailed.",
    )
    smtp_password_file: Path | None = Field(
        None,
        description="A file with the password of the user in CHURN_SMTP_URL, so that none stands in the URL. Not set: "
        "the URL's.",
    )
    alert_to: Annotated[CommaSeparated, AfterValidator(_addresses)] = Field(
        (), description="Who gets the digests: e-mail addresses, separated by commas. Must be set where the URL is."
    )
    alert_from: Annotated[str, AfterValidator(checked_address)] | None = Field(
        None, description="The address that digests are sent from. Not set: the first of those who get them."
    )
    site_dir: Path | None = Field(
        None, description="A folder with the site's files, for the API to serve where no nginx does. Not set: none."
    )

    def conflicts(self) -> Iterator[str]:
        """Sentences about a webhook without a good secret and, in production, about what is unsafe to expose."""
        if self.webhook_url and (self.webhook_secret is None or len(self.webhook_secret) < SHORTEST_KEY):
            yield (
                f"CHURN_WEBHOOK_SECRET has fewer than {SHORTEST_KEY} characters, and CHURN_WEBHOOK_URL is set: what is "
                "announced must be signed. Make one with: openssl rand -hex 24."
            )
        try:
            key_of(self.webhook_secret.get_secret_value() if self.webhook_secret else "")
        except ValueError:
            yield (
                "CHURN_WEBHOOK_SECRET begins with whsec_, and what follows is not base 64. Make one with: echo "
                "whsec_$(openssl rand -base64 24)."
            )
        yield from self._unfit_to_mail()
        if self.env == "production":
            yield from self._unsafe_to_expose()

    def _unfit_to_mail(self) -> Iterator[str]:
        try:
            self.mail_server()
        except ValueError as error:
            yield f"CHURN_SMTP_URL is set to what is not shown. {error}"
        if self.smtp_url is not None and not self.alert_to:
            yield "CHURN_ALERT_TO is not set, and CHURN_SMTP_URL is: name who gets the digests of alerts."

    def _unsafe_to_expose(self) -> Iterator[str]:
        if not self.wants_keys:
            yield (
                "CHURN_API_KEYS (or CHURN_API_KEYS_FILE) is not set, and production serves nobody without a key. "
                "Make one with: openssl rand -hex 24."
            )
        if any(unnamed(key.get_secret_value()).weak for key in self.api_keys):
            yield (
                f"CHURN_API_KEYS holds a key of fewer than {SHORTEST_KEY} characters or one that stands in manuals. "
                "Make one with: openssl rand -hex 24."
            )
        if any("*" in origin for origin in self.cors_origins):
            yield (
                "CHURN_CORS_ORIGINS holds a wildcard, which lets any page on the web call the API from a visitor's "
                "browser; name the origins that need it, such as https://crm.example.org."
            )

    def mail_server(self) -> MailServer | None:
        """The server that sends mail, if there is one. Raises ValueError for one that none can be."""
        if self.smtp_url is None:
            return None
        try:
            password = self.smtp_password_file.read_text("utf-8").strip() if self.smtp_password_file else None
        except (OSError, UnicodeError) as error:
            raise ValueError("CHURN_SMTP_PASSWORD_FILE names no file that can be read as text.") from error
        return read_url(self.smtp_url.get_secret_value(), password)

    @property
    def wants_keys(self) -> bool:
        """Whether callers must send a key. A file that is named wants them, whatever it holds at the moment."""
        return bool(self.api_keys) or self.api_keys_file is not None

    def named_keys(self) -> tuple[Key, ...]:
        """Every key as it is written now. Raises ValueError for a file that can't be read as keys.

        The file changes while the service runs, so it is no part of what is checked when settings are loaded.
        """
        return (*(unnamed(key.get_secret_value()) for key in self.api_keys), *read_keys(self._lines_of_keys()))

    def check_keys(self) -> None:
        """Raises ConfigurationError for keys that a service may not start with."""
        try:
            if self.wants_keys:
                check(self.named_keys(), strict=self.env == "production")
        except ValueError as error:
            raise ConfigurationError([str(error)]) from error

    def _lines_of_keys(self) -> list[str]:
        try:
            return self.api_keys_file.read_text("utf-8").splitlines() if self.api_keys_file else []
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            raise ValueError(
                f"CHURN_API_KEYS_FILE is {str(self.api_keys_file)!r}, which is no file that can be read ({why})."
            ) from error
