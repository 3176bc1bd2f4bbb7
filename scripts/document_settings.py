"""Write .env.example and the README's table of settings from their declarations. `make docs` calls this."""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from churn.settings import Setting, Settings, describe
from churn_api.settings import ApiSettings
from churn_api.streaming.settings import StreamSettings
from churn_trainer.settings import TrainerSettings

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- settings: written by `make docs` -->\n", "<!-- end of settings -->\n"

PREAMBLE = """\
Every setting, with its default and its reason. `make run` and `docker compose` take them from the environment;
for a production stack copy this file, fill it in, and name it:

  cp .env.example production.env
  docker compose --env-file production.env -f compose.yaml up --detach --wait
"""

# What only the compose files read: where the containers' ports appear on the host.
PORTS = [
    Setting(
        "CHURN_WEB_ADDRESS",
        "127.0.0.1",
        "The host's address that the site is published on. The loopback, so that nothing is exposed by accident: put "
        "what ends TLS in front of it, or name an address.",
    ),
    Setting("CHURN_WEB_PORT", "8080", "The host's port of the site."),
    Setting(
        "CHURN_TRUSTED_PROXIES",
        "",
        "Addresses and networks, separated by commas, of what ends TLS in front of the site: only their "
        "X-Forwarded-For and X-Forwarded-Proto are believed. Not set: nobody's, and who connects is who asks.",
    ),
    Setting("CHURN_API_PORT", "5000", "The host's port of the API in the local stack, on the loopback."),
    Setting("CHURN_S3_PORT", "9000", "The host's port of the local stack's S3, on the loopback."),
    Setting("CHURN_S3_CONSOLE_PORT", "9001", "The host's port of that S3's console, on the loopback."),
    Setting("CHURN_PROMETHEUS_PORT", "9090", "The host's port of Prometheus in the local stack, on the loopback."),
    Setting("CHURN_ALERTMANAGER_PORT", "9093", "The host's port of Alertmanager in the local stack, on the loopback."),
]

# Where the compose files take images from, and what they tell containers of the network.
IMAGES = [
    Setting(
        "CHURN_IMAGE_PREFIX",
        "",
        "A registry's folder with images that were built elsewhere, such as images.example.com/churn-, followed by "
        "api, trainer and web. Not set: they are built here.",
    ),
    Setting("CHURN_IMAGE_TAG", "latest", "The version of these images."),
    Setting(
        "NO_PROXY",
        "",
        "Hosts, separated by commas, that are not reached through the company's proxy which Docker's own configuration "
        "tells containers of: an S3 of one's own, for instance. The stack's own services always are among them.",
    ),
]

# What the compose profile "monitoring" reads.
MONITORING = [
    Setting(
        "CHURN_METRICS_KEY_FILE",
        "",
        "A file with the API key that Prometheus scrapes with, readable by user 65534; production asks for one.",
    ),
    Setting(
        "CHURN_ALERT_WEBHOOK_FILE",
        "",
        "A file with the address that Alertmanager posts alerts to, readable by user 65534. Not set: alerts only show "
        "on its own page.",
    ),
]

# What the compose files mount for each service.
CREDENTIALS = [
    Setting(
        "CHURN_API_AWS_FILE",
        "",
        "A file with the API's own key to the store, as AWS's tools write it ([default], aws_access_key_id, "
        "aws_secret_access_key), readable by user 10001. It counts where AWS_ACCESS_KEY_ID is not set.",
    ),
    Setting("CHURN_WORKER_AWS_FILE", "", "The worker's, readable by user 10001."),
    Setting("CHURN_TRAINER_AWS_FILE", "", "The trainer's, readable by user 10002."),
    Setting("CHURN_STREAM_AWS_FILE", "", "That of the members of the stream, readable by user 10001."),
]

AWS = [
    Setting("AWS_REGION", "", "The bucket's region."),
    Setting("AWS_ENDPOINT_URL_S3", "", "An S3 of one's own; not set: Amazon's."),
    Setting("AWS_ENDPOINT_URL_KINESIS", "", "A Kinesis of one's own, for kinesis:// streams; not set: Amazon's."),
    Setting(
        "AWS_ACCESS_KEY_ID",
        "",
        "One key for every service. Not set: each service's own file, else the role of the machine that it runs on.",
    ),
    Setting("AWS_SECRET_ACCESS_KEY", "", "Goes with the key's id."),
    Setting("AWS_SESSION_TOKEN", "", "Goes with a key that lasts only for a session."),
]


def groups() -> dict[str, list[Setting]]:
    """All settings, under headings that say who reads them."""
    shared = describe(Settings)
    return {
        "Every service": shared,
        "API and worker": [setting for setting in describe(ApiSettings) if setting not in shared],
        "Streams": [setting for setting in describe(StreamSettings) if setting not in describe(ApiSettings)],
        "Trainer": [setting for setting in describe(TrainerSettings) if setting not in shared],
        "Ports of the Docker stack": PORTS,
        "Images and network of the Docker stack": IMAGES,
        "Monitoring in Docker": MONITORING,
        "Each service's key to the store, in Docker": CREDENTIALS,
        "AWS's own": AWS,
    }


def example() -> str:
    """The content of .env.example: each setting with its description and default, commented out."""
    return "\n".join(_example_lines()) + "\n"


def _example_lines() -> Iterator[str]:
    yield from (f"# {line}".rstrip() for line in PREAMBLE.splitlines())
    for heading, settings in groups().items():
        yield f"\n## {heading}"
        for setting in settings:
            yield "\n" + textwrap.fill(setting.description, 110, initial_indent="# ", subsequent_indent="# ")
            yield f"#{setting.name}={setting.default or ''}"


def table() -> str:
    """The README's table of settings, in Markdown."""
    rows = ["| setting | default | what it is for |", "|---|---|---|"]
    for heading, settings in groups().items():
        rows.append(f"| **{heading}** | | |")
        rows += [f"| `{name}` | {_shown(default)} | {text} |" for name, default, text in settings]
    return "\n".join(rows) + "\n"


def _shown(default: str | None) -> str:
    if default is None:
        return "*required*"
    return f"`{default}`" if default else ""


def readme(text: str) -> str:
    """The README's text with a new table of settings between its two marks. Exits if they are missing."""
    before, _, rest = text.partition(START)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"README.md lacks the marks {START.strip()} and {END.strip()}.")
    return before + START + table() + END + after


def main() -> int:
    """Write both documents."""
    (ROOT / ".env.example").write_text(example(), encoding="utf-8")
    path = ROOT / "README.md"
    path.write_text(readme(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
