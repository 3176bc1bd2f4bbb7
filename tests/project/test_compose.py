"""The compose files, read as an operator's security team reads them."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from churn_api.limits.concurrency import READING_THREADS, THREADS

SERVICES = {"web", "api", "worker", "trainer", "cache", "queue"}
MONITORING = {"prometheus", "alertmanager"}
RETRAINING = {"retrainer"}
STREAMING = {"stream"}
BROKER = {"kafka", "kafka-setup"}
LOCAL_STORE = {"minio", "minio-setup"}
ALWAYS_ON = ("web", "api", "worker", "cache", "queue")
MIB = {"k": 1 / 1024, "m": 1, "g": 1024}


@pytest.fixture(scope="module")
def production(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def local(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "compose.local.yaml").read_text())


def mebibytes(size: str) -> float:
    return float(size[:-1]) * MIB[size[-1]]


def test_the_committed_environment_only_chooses_the_compose_files(root):
    assert (root / ".env").read_text() == "COMPOSE_FILE=compose.yaml:compose.local.yaml\n"


def test_production_has_the_services_of_the_contract(production):
    assert {name for name, service in production["services"].items() if "profiles" not in service} == SERVICES


def test_the_local_file_adds_only_the_object_store_and_for_streams_a_broker(local):
    assert set(local["services"]) - SERVICES - MONITORING - RETRAINING - STREAMING == LOCAL_STORE | BROKER


def test_production_publishes_only_the_site(production):
    assert [name for name, service in production["services"].items() if service.get("ports")] == ["web"]


@pytest.mark.parametrize("file", ["compose.yaml", "compose.local.yaml"])
def test_every_published_port_is_on_the_loopback_unless_an_operator_says_otherwise(root, file):
    services = yaml.safe_load((root / file).read_text())["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith(("127.0.0.1:", "${CHURN_WEB_ADDRESS:-127.0.0.1}:")) for port in ports)


@pytest.mark.parametrize("name", sorted(SERVICES | MONITORING | RETRAINING | STREAMING | LOCAL_STORE | BROKER))
def test_every_container_is_confined(production, local, name):
    service = production["services"].get(name) or local["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)


@pytest.mark.parametrize("name", sorted(SERVICES | RETRAINING | STREAMING))
def test_every_writable_folder_in_memory_has_a_size_and_one_owner(production, name):
    for mount in production["services"][name].get("tmpfs", []):
        assert re.fullmatch(r"/[\w/.]+:size=\d+[km],uid=\d+,gid=\d+,mode=700", mount)


@pytest.mark.parametrize("name", sorted((SERVICES | RETRAINING | STREAMING) - {"trainer"}))
def test_every_service_that_stays_has_a_health_check_and_starts_again(production, name):
    assert production["services"][name]["healthcheck"]["test"]
    assert production["services"][name]["restart"] == "unless-stopped"


def test_the_trainer_runs_once_and_cannot_swap(production):
    trainer = production["services"]["trainer"]
    assert (trainer["restart"], trainer["mem_limit"], trainer["memswap_limit"]) == ("no", "1g", "1g")


def test_the_retrainer_is_a_trainer_that_waits_and_comes_with_its_profile_alone(production, local):
    trainer, retrainer = (merged(production, local)[name] for name in ("trainer", "retrainer"))
    own = {"profiles", "command", "restart", "healthcheck", "stop_grace_period", "cpus"}
    assert {name: value for name, value in retrainer.items() if name not in own} == {
        name: value for name, value in trainer.items() if name not in own
    }
    assert (retrainer["profiles"], retrainer["command"]) == (["retraining"], ["watch"])
    assert not any("retrainer" in service.get("depends_on", {}) for service in production["services"].values())


def test_streams_come_with_their_profile_alone_and_nothing_waits_for_them(production, local):
    services = merged(production, local)
    assert {name for name in services if services[name].get("profiles") == ["streaming"]} == STREAMING | BROKER
    waited_for = {
        other for name in set(services) - BROKER - STREAMING for other in services[name].get("depends_on", {})
    }
    assert not waited_for & (STREAMING | BROKER)


def test_a_member_of_the_stream_is_one_of_any_number(production):
    """No name, port or volume of its own, so that `--scale stream=N` works."""
    stream = production["services"]["stream"]
    assert not {"container_name", "ports", "volumes", "hostname"} & set(stream)
    assert (stream["build"], stream["image"]) == tuple(production["services"]["api"][key] for key in ("build", "image"))


def test_the_broker_is_reached_by_the_stream_alone(production, local):
    services = merged(production, local)
    joined = {name for name in services if "streams" in services[name].get("networks", [])}
    assert joined == {"kafka", "kafka-setup", "stream"}
    assert services["kafka"]["networks"] == services["kafka-setup"]["networks"] == ["streams"]
    assert "ports" not in services["kafka"]
    assert local["networks"]["streams"] == {"internal": True}


def test_what_the_stream_proves_itself_with_are_files_that_no_other_service_sees(production):
    stream, secrets = production["services"]["stream"], production["secrets"]
    for name in ("ca", "certificate", "password"):
        setting = f"CHURN_STREAM_{name.upper()}_FILE"
        assert stream["environment"][setting] == f"${{{setting}:+/run/secrets/stream-{name}}}"
        assert secrets[f"stream-{name}"] == {"file": f"${{{setting}:-/dev/null}}"}
        holders = [
            key for key, service in production["services"].items() if f"stream-{name}" in service.get("secrets", [])
        ]
        assert holders == ["stream"]


def test_what_serves_fits_a_t2_micro(production):
    assert sum(mebibytes(production["services"][name]["mem_limit"]) for name in ALWAYS_ON) <= 1024


def test_no_service_asks_for_more_than_the_one_processor_of_a_t2_micro(production):
    assert all(float(service["cpus"]) <= 1 for service in production["services"].values())


def test_the_site_reaches_the_api_alone(production):
    networks = {name: set(service["networks"]) for name, service in production["services"].items()}
    assert networks["web"] == {"front", "site"}
    assert {name for name, joined in networks.items() if "front" in joined} == {"web", "api"}
    assert {name for name, joined in networks.items() if "site" in joined} == {"web"}
    assert production["networks"]["front"] == {"internal": True}
    assert production["networks"]["site"]["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}


def test_cache_and_queue_have_no_way_out(production):
    assert production["services"]["cache"]["networks"] == production["services"]["queue"]["networks"] == ["state"]
    assert production["networks"]["state"]["internal"] is True


def test_the_queue_never_evicts_and_the_cache_never_persists(production):
    queue, cache = (" ".join(production["services"][name]["command"]) for name in ("queue", "cache"))
    assert "--maxmemory-policy noeviction" in queue
    assert "--appendonly yes --appendfsync everysec" in queue
    assert "--maxmemory-policy allkeys-lru" in cache
    assert "--appendonly no" in cache


def test_what_answers_waits_for_no_training_and_site_and_stream_open_after_a_failed_one(production):
    waiting = {name: service.get("depends_on", {}) for name, service in production["services"].items()}
    assert [name for name, others in waiting.items() if "trainer" in others] == ["web", "stream"]
    for name in ("web", "stream"):
        assert waiting[name]["trainer"] == {"condition": "service_completed_successfully", "required": False}
    # A site that starts again with the API would stop with it.
    assert not any(other.get("restart") for others in waiting.values() for other in others.values())


def merged(production: dict[str, Any], local: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All services of the laptop's stack, with what they are told by both files."""
    found: dict[str, dict[str, Any]] = {}
    for file in (production, local):
        for name, service in file["services"].items():
            before = found.get(name, {})
            told = before.get("environment", {}) | service.get("environment", {})
            joined = [*before.get("networks", []), *service.get("networks", [])]
            found[name] = before | service | {"environment": told, "networks": joined}
    return found


def test_no_container_is_started_as_root(root, production, local):
    for name, service in merged(production, local).items():
        dockerfile = root / service["build"]["dockerfile"] if "build" in service else None
        user = service.get("user") or re.search(r"^USER (\S+)$", dockerfile.read_text(), re.MULTILINE)[1]
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), name


def test_nothing_asks_for_processors_that_a_small_machine_lacks_or_grows_with_a_large_one(root, production, local):
    for name, service in merged(production, local).items():
        assert float(service["cpus"]) <= 1, name
    assert "worker_processes 2;" in (root / "services" / "web" / "nginx" / "nginx.conf").read_text()
    trainer = (root / "services" / "trainer" / "Dockerfile").read_text()
    for limit in ("OPENBLAS_NUM_THREADS", "OMP_THREAD_LIMIT", "LOKY_MAX_CPU_COUNT"):
        assert f"{limit}=16" in trainer
    # Go starts a thread for each core, which counts against pids_limit.
    for name in ("prometheus", "alertmanager", "minio", "minio-setup"):
        environment = merged(production, local)[name]["environment"]
        assert int(environment["GOMAXPROCS"]) <= 4


def test_what_containers_ask_of_each_other_never_goes_through_a_proxy(production, local):
    """Docker's own configuration may name a proxy, which every container is told of."""
    services = merged(production, local)
    answering = set(services) - {"trainer", "retrainer", "minio-setup", "kafka-setup"}
    # Redis and nginx know no proxies.
    for name in set(services) - {"cache", "queue", "web"}:
        environment = services[name]["environment"]
        assert environment["NO_PROXY"] == environment["no_proxy"]
        hosts = set(environment["NO_PROXY"].split(","))
        assert answering <= hosts, name
        assert {"${NO_PROXY:-localhost}", "127.0.0.1", "169.254.169.254", "169.254.170.2"} <= hosts
    for name in ("web", "minio"):
        assert services[name]["healthcheck"]["test"][:4] == ["CMD", "curl", "--noproxy", "*"]


def test_a_folder_of_the_host_may_be_read_where_selinux_labels_files(production, local):
    for file in (production, local):
        for service in file["services"].values():
            for volume in service.get("volumes", []):
                if isinstance(volume, dict):
                    assert volume["bind"] == {"selinux": "z"}
                elif volume.startswith("."):
                    assert volume.endswith(":ro,z")


def test_production_carries_no_credentials(production):
    for service in production["services"].values():
        environment = service.get("environment", {})
        secrets = [environment[name] for name in environment if name.startswith("AWS_") or name == "CHURN_API_KEYS"]
        assert set(secrets) <= {None, "/run/secrets/aws"}


@pytest.mark.parametrize("name", ["api", "worker", "trainer", "stream"])
def test_each_service_may_have_a_key_to_the_store_that_no_other_service_sees(production, name):
    service = production["services"][name]
    held = {each["target"]: each["source"] for each in service["secrets"] if isinstance(each, dict)}
    assert held == {"aws": f"{name}-aws"}
    assert service["environment"]["AWS_SHARED_CREDENTIALS_FILE"] == "/run/secrets/aws"
    assert production["secrets"][f"{name}-aws"]["file"] == f"${{CHURN_{name.upper()}_AWS_FILE:-/dev/null}}"
    same = {name, "retrainer"} if name == "trainer" else {name}
    others = [other for key, other in production["services"].items() if key not in same]
    assert not [other for other in others if f"{name}-aws" in str(other.get("secrets"))]


@pytest.mark.parametrize("name", ["api", "worker", "trainer", "stream"])
def test_each_service_is_a_user_of_its_own_in_the_local_store(local, name):
    settings = local["services"][name]["environment"]
    assert settings["AWS_ACCESS_KEY_ID"] == f"churn-{name}"
    assert settings["AWS_SECRET_ACCESS_KEY"] == f"churn-{name}-local-secret"


def test_images_are_pinned_to_a_tag(root, production, local):
    prefix = "${CHURN_IMAGE_PREFIX:-${COMPOSE_PROJECT_NAME:-churn}-}"
    ours = {f"{prefix}{name}:${{CHURN_IMAGE_TAG:-latest}}" for name in ("api", "trainer", "web")}
    named = {
        service["image"] for file in (production, local) for service in file["services"].values() if "image" in service
    }
    bases = {
        line.split()[1]
        for path in root.glob("services/*/Dockerfile")
        for line in path.read_text().splitlines()
        if line.startswith("FROM ")
    }
    assert all(re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", image) for image in (named - ours) | bases)


@pytest.mark.parametrize("service", ["api", "trainer", "web"])
def test_images_run_as_a_numbered_user(root, service):
    lines = (root / "services" / service / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", line)]


def test_nothing_enters_an_image_unless_named(root):
    lines = [line for line in (root / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"


def test_the_local_stack_ignores_the_shells_own_aws_credentials(root):
    if not shutil.which("docker"):
        pytest.skip("no docker command on this machine (Debian: apt-get install docker-cli docker-compose)")
    shell = {"PATH": "/usr/local/bin:/usr/bin:/bin", "AWS_SESSION_TOKEN": "mine", "AWS_SECRET_ACCESS_KEY": "mine"}
    command = ["docker", "compose", "config", "--format", "json"]
    done = subprocess.run(command, cwd=root, env=shell, capture_output=True, text=True, check=True)
    services = json.loads(done.stdout)["services"]
    assert not [name for name, service in services.items() if "mine" in service.get("environment", {}).values()]


def test_the_api_may_start_every_thread_that_it_answers_with_during_a_reload_too(production):
    own = 6  # the event loop, the watch, the store's and the metrics' threads
    threads = THREADS + READING_THREADS + own
    assert production["services"]["api"]["pids_limit"] >= 2 * 2 * threads
