"""`make run`: the product without Docker, from the first start to the last process that ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

CUSTOMER = {"gender": "Female", "SeniorCitizen": 0, "tenure": 24, "Contract": "One year", "MonthlyCharges": 65.5}
ROW = "Female,0,Yes,No,24,Yes,No,DSL,No,No,No,No,No,No,One year,Yes,Mailed check,65.5,1572.0\n"
HEADER = (
    "gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,OnlineSecurity,"
    "OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,PaymentMethod,"
    "MonthlyCharges,TotalCharges\n"
)


@dataclass
class Running:
    """The product, run from a copy of the project's folder, so that the developer's own `.run` is left alone."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def copy_project(root: Path, folder: Path) -> None:
    for part in ("shared", "services", "scripts"):
        shutil.copytree(root / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "Procfile", folder)


def start(folder: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(folder / part) for part in ("shared", "services/api", "services/trainer")),
        "CHURN_DATA_SOURCE": "sample",
        "CHURN_CV_FOLDS": "2",
        "CHURN_CV_REPEATS": "1",
    }
    command = [sys.executable, "scripts/run.py", "--port", str(port)]
    with log.open("wb") as output:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def descendants(pid: int) -> set[int]:
    """Every process below this one, by Linux's own book-keeping."""
    children = {
        int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
    }
    return children.union(*map(descendants, children)) if children else set()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def stop(process: subprocess.Popen[bytes]) -> set[int]:
    """Do what Ctrl-C does; returns what is still alive afterwards."""
    below = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=30)
    return {pid for pid in below if alive(pid)}


@pytest.fixture(scope="module")
def running(root, free_port, tmp_path_factory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("project")
    copy_project(root, folder)
    port, log = free_port(), folder / "run.log"
    process = start(folder, port, log)
    try:
        wait_for(f"http://127.0.0.1:{port}/health/ready", process, log)
        yield Running(folder, port, process, log)
    finally:
        if process.poll() is None:
            stop(process)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(address, timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.3)
    pytest.fail(f"the product did not come up:\n{log.read_text()[-4000:]}")


def test_the_site_the_api_and_the_metrics_answer_on_one_address(running):
    assert "<html" in requests.get(running.site, timeout=5).text
    assert requests.post(f"{running.site}/predict", json=CUSTOMER, timeout=5).json()["prediction"] in {"Yes", "No"}
    assert "churn_http_requests_total" in requests.get(f"{running.site}/metrics", timeout=5).text
    assert requests.get(f"{running.site}/health", timeout=5).json()["status"] == "healthy"


def test_a_sample_is_announced(running):
    assert requests.get(f"{running.site}/model_info", timeout=5).json()["data"]["source"] == "sample"
    assert "sample" in running.log.read_text()


def test_a_job_is_worked_off(running):
    table = HEADER + ROW * 50
    job = requests.post(f"{running.site}/jobs", files={"file": ("some.csv", table)}, timeout=10).json()
    deadline = time.monotonic() + 60
    while job["status"] != "completed" and time.monotonic() < deadline:
        time.sleep(0.3)
        job = requests.get(f"{running.site}/jobs/{job['id']}", timeout=5).json()
    assert job["request_counts"] == {"total": 50, "completed": 50, "failed": 0}


def test_everything_it_keeps_lies_in_one_folder(running):
    assert {path.name for path in (running.folder / ".run").iterdir()} >= {"store", "queue", "logs", "metrics"}


def test_a_second_run_from_the_same_folder_says_so(running, free_port, tmp_path):
    second = start(running.folder, free_port(), tmp_path / "log")
    assert second.wait(timeout=20) == 1
    assert "already runs from this folder" in (tmp_path / "log").read_text()


def test_ctrl_c_stops_everything(running):
    assert stop(running.process) == set()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", running.port)) != 0


def test_a_port_that_is_taken_is_named_with_the_remedy(root, tmp_path):
    copy_project(root, tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(tmp_path, port, tmp_path / "log")
        assert process.wait(timeout=20) == 1
    said = (tmp_path / "log").read_text()
    assert f"Port {port} cannot be used" in said
    assert "make run PORT=" in said


SERVE = "import sys; from scripts.run import serve; sys.exit(serve(1))"
# A child that ignores SIGTERM, started by a process that ends on it.
STUBBORN = """sh -c 'trap "" TERM; echo $$ >stubborn; while :; do sleep 1; done' & sleep 60"""


@pytest.fixture
def serving(root: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that serves these processes, by their names."""
    started = []

    def serve(**commands: str) -> subprocess.Popen[str]:
        (tmp_path / "Procfile").write_text("".join(f"{name}: {command}\n" for name, command in commands.items()))
        environment = os.environ | {"PYTHONPATH": str(root)}
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", SERVE], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
            )
        )
        return started[-1]

    yield serve
    for process in started:
        process.kill()
        process.communicate()


def ended(file: Path) -> bool:
    """Whether the process whose number a file holds ends within some seconds; one that nobody has buried has ended."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        told = subprocess.run(
            ["ps", "-o", "stat=", "-p", file.read_text().strip()], capture_output=True, text=True, check=False
        )
        if not told.stdout.strip() or told.stdout.startswith("Z"):
            return True
        time.sleep(0.05)
    return False


def written(file: Path) -> Path:
    """The file, once there is something in it."""
    end = time.monotonic() + 20
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < end, f"no {file.name}"
        time.sleep(0.02)
    return file


def test_a_process_that_ends_is_named_with_its_exit_code_and_last_words(serving):
    said, _ = serving(api="sleep 60", worker="printf 'first\\nlast'; exit 4").communicate(timeout=60)
    # The rest of a line is printed when nothing more can follow: perhaps after its process is said to have ended.
    assert [line for line in said.splitlines() if line.startswith("worker |")] == ["worker | first", "worker | last"]
    assert "worker has ended with exit code 4; the others are stopped." in said


@pytest.mark.parametrize("signals", [["INT"], ["TERM"], ["HUP"], ["HUP", "TERM"], ["INT", "INT", "TERM"]], ids="-".join)
def test_whatever_ends_it_leaves_no_process_behind(serving, tmp_path, signals):
    process = serving(api="echo $$ >api; exec sleep 60", worker=STUBBORN)
    files = [written(tmp_path / name) for name in ("api", "stubborn")]
    for name in signals:
        process.send_signal(signal.Signals[f"SIG{name}"])
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.Signals[f"SIG{signals[0]}"]
    assert all(ended(file) for file in files)


def test_what_a_process_has_started_goes_with_it_though_it_has_ended_itself(serving, tmp_path):
    process = serving(api=STUBBORN, worker="sleep 60")
    file = written(tmp_path / "stubborn")
    os.kill(os.getpgid(int(file.read_text())), signal.SIGKILL)
    said, _ = process.communicate(timeout=60)
    assert "api has ended with exit code -9" in said
    assert ended(file)
