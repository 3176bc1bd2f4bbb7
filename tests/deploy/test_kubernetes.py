"""The Kubernetes manifests start what compose.yaml starts, as confined as there, and fit their schemas."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from churn_api.streaming.settings import StreamSettings

SERVICES = ("api", "cache", "queue", "retrainer", "trainer", "web", "worker")
# What an overlay takes in by the component deploy/kubernetes/components/streaming.
STREAMING = ("stream",)
OVERLAYS = ("aws", "local")
# The oldest and the newest version that is asked for.
VERSIONS = ("1.31", "1.37")
# A container reads its keys from where its platform mounts them; what is not listed has its default.
OWN_SETTINGS = {"CHURN_API_KEYS_FILE", "CHURN_STREAM_PASSWORD_FILE"}
# Files that Compose binds: a pod has its account's rights instead, and the store's table.
BOUND_FILES = {"AWS_SHARED_CREDENTIALS_FILE", "CHURN_DATA_DIR"}
CONFINED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


@pytest.fixture(scope="module")
def manifests(root: Path) -> Path:
    return root / "deploy" / "kubernetes"


@pytest.fixture(scope="module")
def base(manifests) -> list[dict[str, Any]]:
    return _documents(manifests / "base")


@pytest.fixture(scope="module")
def streaming(manifests) -> list[dict[str, Any]]:
    return _documents(manifests / "components" / "streaming")


def _documents(folder: Path) -> list[dict[str, Any]]:
    paths = [path for path in sorted(folder.glob("*.yaml")) if path.name != "kustomization.yaml"]
    return [each for path in paths for each in yaml.safe_load_all(path.read_text())]


@pytest.fixture(scope="module")
def pods(base, streaming) -> dict[str, dict[str, Any]]:
    """Each service's pod, by the service's name."""
    found = {}
    for each in [*base, *streaming]:
        if template := _template(each):
            found[each["metadata"]["name"]] = template["spec"]
    return found


def _template(document: dict[str, Any]) -> dict[str, Any] | None:
    """The template of the pods that a document, or a patch of it, speaks of."""
    spec = document.get("spec", {})
    return spec.get("jobTemplate", {}).get("spec", spec).get("template")


@pytest.fixture(scope="module")
def compose(root) -> dict[str, dict[str, Any]]:
    services = yaml.safe_load((root / "compose.yaml").read_text())["services"]
    return {name: services[name] for name in SERVICES + STREAMING}


@pytest.fixture(params=SERVICES + STREAMING)
def both(request, pods, compose) -> tuple[dict[str, Any], dict[str, Any]]:
    """A service's pod and its entry in compose.yaml."""
    return pods[request.param], compose[request.param]


def _mib(text: str) -> float:
    """Memory in MiB, as Kubernetes or Compose writes it."""
    number, unit = re.fullmatch(r"(\d+)([kKmMgG])i?", text).groups()
    return int(number) * {"k": 1 / 1024, "m": 1, "g": 1024}[unit.lower()]


def test_there_is_a_pod_for_every_service_and_for_nothing_else(pods, base):
    assert set(pods) == set(SERVICES + STREAMING)
    assert not [each for each in base if "stream" in each["metadata"]["name"]]


def test_a_pod_is_confined_as_its_container_is(both):
    pod, service = both
    [container] = pod["containers"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert container["securityContext"] == CONFINED
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]


def test_a_pod_runs_as_its_images_user(root, pods, compose):
    users = {name: service["user"] for name, service in compose.items() if "user" in service}
    for name in ("api", "trainer", "web"):
        dockerfile = (root / "services" / name / "Dockerfile").read_text()
        users[name] = re.search(r"^USER (\S+)$", dockerfile, re.MULTILINE)[1]
    users |= {"worker": users["api"], "stream": users["api"], "retrainer": users["trainer"]}
    contexts = {name: pod["securityContext"] for name, pod in pods.items()}
    assert {name: f"{each['runAsUser']}:{each['runAsGroup']}" for name, each in contexts.items()} == users


def test_no_pod_runs_as_root(pods):
    for name, pod in pods.items():
        containers = [*pod["containers"], *pod.get("initContainers", [])]
        contexts = [pod["securityContext"], *(each.get("securityContext", {}) for each in containers)]
        assert all(each.get("runAsUser", 1) > 0 and each.get("runAsGroup", 1) > 0 for each in contexts), name


def test_the_worker_can_be_applied_alone_before_all_else(root, base):
    """As docs/deploy.md has it: what a new API accepts, an old worker may not know."""
    label = {"app.kubernetes.io/name": "worker"}
    labelled = [each for each in base if label.items() <= each["metadata"].get("labels", {}).items()]
    assert [(each["kind"], each["metadata"]["name"]) for each in labelled] == [("Deployment", "worker")]
    assert "--selector app.kubernetes.io/name=worker" in (root / "docs" / "deploy.md").read_text()


def test_a_pod_has_its_containers_limits(both):
    pod, service = both
    limits = pod["containers"][0]["resources"]["limits"]
    assert _mib(limits["memory"]) == _mib(service["mem_limit"])
    cpus = limits["cpu"]
    assert (float(cpus[:-1]) / 1000 if cpus.endswith("m") else float(cpus)) == service["cpus"]


def test_a_pod_may_write_where_its_container_may_and_no_more(both):
    pod, service = both
    places = {}
    for each in service.get("tmpfs", []):
        path, _, options = each.partition(":")
        places[path] = _mib(re.search(r"size=(\w+)", options)[1])
    for each in service.get("volumes", []):
        # A named volume: a disk of its own, or the node's.
        if isinstance(each, str) and not each.startswith(("./", "queue:")):
            places[each.split(":")[1]] = None
    if "shm_size" in service:
        places["/dev/shm"] = _mib(service["shm_size"])
    volumes = {each["name"]: each["emptyDir"] for each in pod.get("volumes", []) if "emptyDir" in each}
    mounts = {each["mountPath"]: each["name"] for each in pod["containers"][0]["volumeMounts"]}
    sizes = {path: volumes[name] for path, name in mounts.items() if name in volumes}
    in_memory = {path: _mib(each["sizeLimit"]) for path, each in sizes.items() if each.get("medium") == "Memory"}
    assert in_memory == {path: size for path, size in places.items() if size is not None}
    assert set(sizes) == set(places)
    assert all("sizeLimit" in volume for volume in volumes.values())


def test_a_pod_that_answers_leaves_the_balancer_before_it_ends_and_another_one_is_there_first(base, pods):
    deployments = {each["metadata"]["name"]: each["spec"] for each in base if each["kind"] == "Deployment"}
    for name in ("web", "api"):
        assert deployments[name]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        [container] = pods[name]["containers"]
        waits = max(int(number) for number in re.findall(r"\d+", str(container["lifecycle"]["preStop"])))
        assert waits + 30 <= pods[name]["terminationGracePeriodSeconds"]
        assert {each["topologyKey"] for each in pods[name]["topologySpreadConstraints"]} == {
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
        }


def test_the_accounts_credentials_can_be_asked_for_and_those_of_the_machine_cannot(base):
    [spec] = [each["spec"] for each in base if each["metadata"]["name"] == "to-store"]
    outside, identity = spec["egress"]
    assert outside["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}]
    assert (identity["to"], identity["ports"]) == ([{"ipBlock": {"cidr": "169.254.170.23/32"}}], [{"port": 80}])


def test_a_pod_runs_what_its_container_runs(both):
    pod, service = both
    container = pod["containers"][0]
    started = [*container.get("command", []), *container.get("args", [])]
    # What waits for requests in Compose is a job here, which looks for them from time to time.
    told = [{"watch": "retrain"}.get(word, word) for word in service.get("command", started)]
    assert started == [*service.get("entrypoint", []), *told]


@pytest.mark.parametrize("overlay", ["aws", "local"])
def test_an_overlay_says_whose_word_to_take_for_a_callers_address(root, manifests, tmp_path, overlay):
    text = (manifests / "overlays" / overlay / "kustomization.yaml").read_text()
    [trusted] = re.findall(r'name: CHURN_TRUSTED_PROXIES, value: "([^"]+)"', text)
    script = root / "services" / "web" / "trusted-proxies.sh"
    environment = {"PATH": os.defpath, "NGINX_ENVSUBST_OUTPUT_DIR": str(tmp_path), "CHURN_TRUSTED_PROXIES": trusted}
    subprocess.run([script], env=environment, check=True)


def test_redis_is_the_same_release(pods, compose):
    for name in ("cache", "queue"):
        assert pods[name]["containers"][0]["image"] == compose[name]["image"]


def test_a_pod_is_given_as_long_to_stop_as_its_container(both):
    pod, service = both
    if "stop_grace_period" in service:
        assert f"{pod['terminationGracePeriodSeconds']}s" == service["stop_grace_period"]


def test_every_setting_that_the_manifests_give_is_one_that_compose_knows(base, streaming, compose):
    known = {name for service in compose.values() for name in service.get("environment", {})} | OWN_SETTINGS
    given = {name for each in [*base, *streaming] if each["kind"] == "ConfigMap" for name in each["data"]}
    assert given <= known


def test_a_pod_is_told_what_its_container_is_told(both, base, streaming):
    pod, service = both
    [container] = pod["containers"]
    maps = {each["metadata"]["name"]: each["data"] for each in [*base, *streaming] if each["kind"] == "ConfigMap"}
    given = {each["name"]: each["value"] for each in container.get("env", [])}
    for source in container.get("envFrom", []):
        given |= maps[source["configMapRef"]["name"]]
    told = {name: str(value) for name, value in service.get("environment", {}).items() if value is not None}
    # What Compose takes from the shell or from its file of settings, an overlay says.
    fixed = {name: value for name, value in told.items() if "${" not in value and name not in BOUND_FILES}
    assert {name: given.get(name) for name in fixed} == fixed


def test_what_the_documents_commands_name_is_there(root, base):
    text = (root / "docs" / "deploy.md").read_text()
    there = {(each["kind"].lower(), each["metadata"]["name"]) for each in base}
    named = set(re.findall(r"\b(deployment|cronjob)/([a-z-]+)", text))
    assert ("cronjob", "trainer") in named
    assert named <= there
    labels = set(re.findall(r"app\.kubernetes\.io/name!?=([a-z]+)", text))
    assert labels <= {name for kind, name in there if kind == "deployment"}


def _allowed(base: list[dict[str, Any]], direction: str) -> list[dict[str, Any]]:
    return [
        each["spec"] for each in base if each["kind"] == "NetworkPolicy" and direction in each["spec"]["policyTypes"]
    ]


def test_nobody_talks_to_anybody_unless_it_is_said(base):
    [nothing] = [each for each in base if each["kind"] == "NetworkPolicy" and each["metadata"]["name"] == "nothing"]
    assert nothing["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_web_reaches_the_api_and_the_names_alone(base):
    out = [
        (peer, rule["ports"])
        for spec in _allowed(base, "Egress")
        if spec["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == "web"
        for rule in spec["egress"]
        for peer in rule["to"]
    ]
    assert out == [({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "api"}}}, [{"port": 8000}])]


def test_every_service_that_answers_keeps_some_pods_through_a_disruption(base):
    budgets = {each["metadata"]["name"] for each in base if each["kind"] == "PodDisruptionBudget"}
    assert budgets == {"web", "api", "worker"}


def test_the_stream_talks_to_brokers_state_and_store_and_is_talked_to_by_prometheus_alone(streaming):
    [spec] = _allowed(streaming, "Egress")
    assert [rule["from"] for rule in spec["ingress"]] == [
        [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    ]
    state, outside, identity = spec["egress"]
    assert state["ports"] == [{"port": 6379}]
    assert outside["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}]
    assert outside["ports"] == [{"port": 9092, "endPort": 9098}, {"port": 443}]
    assert identity["to"] == [{"ipBlock": {"cidr": "169.254.170.23/32"}}]


def test_the_stream_scales_on_its_lag_and_keeps_members_through_a_disruption(root, streaming):
    by_kind = {each["kind"]: each["spec"] for each in streaming if "spec" in each}
    scaler = by_kind["HorizontalPodAutoscaler"]
    assert [each["pods"]["metric"]["name"] for each in scaler["metrics"]] == ["churn_stream_lag"]
    # More members than partitions would have nothing to do.
    topics = (root / "deploy" / "streams" / "topics.sh").read_text()
    assert scaler["maxReplicas"] == int(re.search(r"PARTITIONS:-(\d+)", topics)[1])
    for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget"):
        assert "stream" in str(by_kind[kind].get("scaleTargetRef", by_kind[kind].get("selector")))
    assert by_kind["PodDisruptionBudget"]["maxUnavailable"] == 1


def test_production_talks_to_brokers_by_tls_and_with_a_password(streaming):
    [settings] = [each["data"] for each in streaming if each["kind"] == "ConfigMap"]
    assert (settings["CHURN_STREAM_TLS"], settings["CHURN_STREAM_SASL"]) == ("true", "SCRAM-SHA-512")
    assert "CHURN_STREAM_ALLOW_PLAINTEXT" not in settings


def test_the_stream_reads_from_kinesis_with_what_its_file_says_and_without_a_password(
    streaming, manifests, monkeypatch, tmp_path
):
    told = (manifests / "components" / "streaming" / "kustomization.yaml").read_text()
    kinesis = yaml.safe_load(re.findall(r"^# +data: (\{.*kinesis:.*\})$", told, re.MULTILINE)[0])
    [settings] = [each["data"] for each in streaming if each["kind"] == "ConfigMap"]
    keys = {"CHURN_ENV": "production", "CHURN_API_KEYS": "5f2c91ab77e04d3b9a61c0de"}
    for name, value in (settings | kinesis | keys | {"CHURN_STORE_URL": f"file://{tmp_path}"}).items():
        monkeypatch.setenv(name, value)
    assert StreamSettings.load().stream_address.region == "eu-central-1"
    [volumes] = [each["spec"]["template"]["spec"]["volumes"] for each in streaming if each["kind"] == "Deployment"]
    assert [each["secret"].get("optional") for each in volumes if each["name"] == "password"] == [True]


@pytest.fixture(scope="module")
def local_store(manifests) -> dict[str, dict[str, Any]]:
    """The pods of the local overlay's own store, by name."""
    text = (manifests / "overlays" / "local" / "store.yaml").read_text()
    documents = list(yaml.safe_load_all(text))
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in documents
        if "template" in each.get("spec", {})
    }


@pytest.mark.parametrize(("pod", "service"), [("minio", "minio"), ("store-setup", "minio-setup")])
def test_the_local_overlays_store_is_the_local_stacks(root, local_store, pod, service):
    like = yaml.safe_load((root / "compose.local.yaml").read_text())["services"][service]
    context, [container] = local_store[pod]["securityContext"], local_store[pod]["containers"]
    assert container["image"] == like["image"]
    assert container["command"] == like["entrypoint"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == like["user"]
    assert _mib(container["resources"]["limits"]["memory"]) == _mib(like["mem_limit"])
    assert context["runAsNonRoot"]
    assert container["securityContext"] == CONFINED


@pytest.mark.parametrize("service", ["api", "worker", "trainer"])
def test_in_the_local_overlay_each_service_is_its_own_user_of_the_store(root, manifests, service):
    text = (manifests / "overlays" / "local" / "kustomization.yaml").read_text()
    like = yaml.safe_load((root / "compose.local.yaml").read_text())["services"][service]["environment"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert f"{{name: {name}, value: {like[name]}}}" in text


def test_each_pod_of_the_local_overlay_that_has_credentials_reaches_its_store(manifests, base):
    overlay = manifests / "overlays" / "local"
    templates = {each["metadata"]["name"]: template for each in base if (template := _template(each))}
    patches = [
        yaml.safe_load(patch["patch"])
        for patch in yaml.safe_load((overlay / "kustomization.yaml").read_text())["patches"]
        if "target" not in patch
    ]
    users = {
        templates[each["metadata"]["name"]]["metadata"]["labels"]["app.kubernetes.io/name"]
        for each in patches
        if "AWS_ACCESS_KEY_ID" in str(_template(each))
    }
    documents = yaml.safe_load_all((overlay / "store.yaml").read_text())
    policies = {each["metadata"]["name"]: each["spec"] for each in documents if each["kind"] == "NetworkPolicy"}
    [ingress], selected = policies["local-store"]["ingress"], policies["to-local-store"]["podSelector"]
    for selector in (*(peer["podSelector"] for peer in ingress["from"]), selected):
        [expression] = selector["matchExpressions"]
        assert (expression["key"], expression["operator"]) == ("app.kubernetes.io/name", "In")
        assert {"api", "worker", "trainer", "retrainer"} <= users <= set(expression["values"])


@pytest.fixture(scope="module", params=OVERLAYS)
def rendered(request, manifests) -> str:
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl here to put overlays together (Debian: apt-get install kubernetes-client)")
    return _put_together(manifests / "overlays" / request.param)


def _put_together(overlay: Path) -> str:
    return subprocess.run(["kubectl", "kustomize", overlay], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module", params=OVERLAYS)
def rendered_with_streams(request, manifests, tmp_path_factory) -> str:
    """The overlay after an operator has taken in the component."""
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl here to put overlays together (Debian: apt-get install kubernetes-client)")
    folder = tmp_path_factory.mktemp("deploy")
    for name in ("kubernetes", "policies"):
        shutil.copytree(manifests.parent / name, folder / name)
    overlay = folder / "kubernetes" / "overlays" / request.param
    with (overlay / "kustomization.yaml").open("a") as file:
        file.write("components: [../../components/streaming]\n")
    return _put_together(overlay)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_overlay_fits_the_schemas_of_kubernetes_with_streams_and_without(
    root, rendered, rendered_with_streams, version, tmp_path
):
    validate = root / ".run" / "deploy" / "bin" / "kubernetes-validate"
    if not validate.exists():
        pytest.skip("the schemas of Kubernetes are not here (once: make deploy-check)")
    for text in (rendered, rendered_with_streams):
        (tmp_path / "all.yaml").write_text(text)
        command = [validate, "--strict", "--kubernetes-version", version, tmp_path / "all.yaml"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_an_overlay_names_the_store_and_every_image(rendered):
    documents = [each for each in yaml.safe_load_all(rendered) if each]
    [store] = [each["data"] for each in documents if each["metadata"]["name"] == "store-settings"]
    assert store["CHURN_STORE_URL"].startswith("s3://")
    images = set(re.findall(r"image: (\S+)", rendered))
    assert {re.sub(r".*/|:.*", "", each).removeprefix("churn-") for each in images} >= {
        "api",
        "trainer",
        "web",
        "redis",
    }
    assert all(":" in image.rpartition("/")[2] for image in images)


def test_with_the_component_the_stream_runs_the_apis_image(rendered_with_streams):
    images = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]["image"]
        for each in yaml.safe_load_all(rendered_with_streams)
        if each and each["kind"] == "Deployment"
    }
    assert images["stream"] == images["api"]
