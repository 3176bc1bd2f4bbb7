"""How gunicorn runs the API: processes of up to sixty-six threads each, which keep connections open.

Each process listens on a socket of its own, among which the system spreads connections: with a shared one, kept-alive
connections pile up on a single process. The master makes the sockets and keeps them, so that those who wait on one when
its process ends are answered by the next: with gunicorn's own `reuse_port` they would be turned away.
"""

import gc
import os
import shutil
import signal
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

# What is imported before the processes part ways is read once and its memory is shared: numpy's masks too,
# which numpy imports only when it is first asked for quantiles.
import numpy.ma  # noqa: F401
from gunicorn.sock import create_sockets

import churn_api.app  # noqa: F401
from churn.errors import ConfigurationError
from churn.store.interface import INTERACTIVE
from churn.store.opening import prepare_store
from churn_api.limits.concurrency import THREADS
from churn_api.settings import ApiSettings

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

# Memory that looks like a folder: what is written there never waits for a disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()  # noqa: S108

settings = ApiSettings.load_or_exit()
prepare_store(settings.store_url, INTERACTIVE)

wsgi_app = "churn_api.app:create_app()"
workers = settings.api_workers
worker_class = "churn_api.http.server_worker.Worker"
threads = THREADS
# Longer than the site's nginx keeps its connections, so that none is used as it closes.
keepalive = 30
timeout = 60
graceful_timeout = 30
# As long as the site's nginx takes one, its line's end not counted.
limit_request_line = 8190
worker_tmp_dir = MEMORY
# Nobody's word is taken for a scheme or an address: the API asks for neither, and nginx limits addresses.
forwarded_allow_ips = ""
# The root file system may be read-only, and nobody talks to gunicorn through a socket.
control_socket_disable = True
loglevel = settings.log_level.lower()
logger_class = "churn_api.http.server_log.ServerLog"

OWN_FOLDER = f"{MEMORY}/churn-api-{os.getpid()}"


def on_starting(server: "Arbiter") -> None:
    """Refuse keys that nobody could be served with; make the sockets, and the folder that the processes share, empty:
    counts begin with the service. None of this is done again for a reload, which no file of keys can stop."""
    try:
        settings.check_keys()
    except ConfigurationError as error:
        raise SystemExit(error.message) from None
    if "GUNICORN_FD" not in os.environ:  # else this master replaces another and inherits its sockets
        server.cfg.set("reuse_port", True)
        server.LISTENERS = [each for _ in range(workers) for each in create_sockets(server.cfg, server.log)]
        server.cfg.set("reuse_port", False)
    folder = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", OWN_FOLDER))
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in [*folder.glob("*.db"), *(folder / name for name in ("board", "keys", "rates"))]:
        left_over.unlink(missing_ok=True)


def when_ready(server: "Arbiter") -> None:
    """Let nobody take a process away for good: who waits on its socket would wait for ever.

    And leave what was imported out of garbage collection, which would write to it and so end its being shared.
    """
    del server
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)


def pre_fork(server: "Arbiter", worker: "Worker") -> None:
    """Give the new process the socket that the fewest listen on; during a reload that is its predecessor's."""
    taken = Counter(each for sibling in server.WORKERS.values() for each in sibling.sockets)
    worker.sockets = [min(server.LISTENERS, key=taken.__getitem__)]


def on_exit(server: "Arbiter") -> None:
    del server
    shutil.rmtree(OWN_FOLDER, ignore_errors=True)


def post_worker_init(worker: "Worker") -> None:
    worker.wsgi.extensions["churn"].watch()
