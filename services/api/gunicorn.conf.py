"""How gunicorn runs the API: processes of up to sixty-six threads each, which keep connections open.

Each process listens on its own socket, and the system distributes connections among them; with a shared socket,
persistent connections pile up on a single process. The master makes the sockets and keeps them, so that connections
that wait on one when its process ends are answered by the next process. With gunicorn's own `reuse_port`, they would
be refused.
"""

import gc
import os
import shutil
import signal
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

# Modules that are imported before the processes fork share their memory; numpy itself imports its masks only when it
# first computes quantiles.
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

# A folder in memory, so that writing never waits for a disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()  # noqa: S108

settings = ApiSettings.load_or_exit()
prepare_store(settings.store_url, INTERACTIVE)

wsgi_app = "churn_api.app:create_app()"
workers = settings.api_workers
worker_class = "churn_api.http.server_worker.Worker"
threads = THREADS
# Longer than the site's nginx keeps its connections, so that none is used while it closes.
keepalive = 30
timeout = 60
graceful_timeout = 30
# The same limit as that of the site's nginx, without the line end.
limit_request_line = 8190
worker_tmp_dir = MEMORY
# No proxy's headers for scheme and address are used: the API needs neither, and nginx limits addresses.
forwarded_allow_ips = ""
# The root file system may be read-only, and nothing controls gunicorn through a socket.
control_socket_disable = True
loglevel = settings.log_level.lower()
logger_class = "churn_api.http.server_log.ServerLog"

OWN_FOLDER = f"{MEMORY}/churn-api-{os.getpid()}"


def on_starting(server: "Arbiter") -> None:
    """Check the keys, and make the sockets and the empty folder that the processes share.

    Exits if there are no usable keys. This is done once and not for a reload, so a broken file of keys cannot stop a
    running service.
    """
    try:
        settings.check_keys()
    except ConfigurationError as error:
        raise SystemExit(error.message) from None
    if "GUNICORN_FD" not in os.environ:  # else this master replaces another and inherits its sockets
        server.cfg.set("reuse_port", True)
        server.LISTENERS = [socket for _ in range(workers) for socket in create_sockets(server.cfg, server.log)]
        server.cfg.set("reuse_port", False)
    folder = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", OWN_FOLDER))
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in [*folder.glob("*.db"), *(folder / name for name in ("board", "keys", "rates"))]:
        left_over.unlink(missing_ok=True)


def when_ready(server: "Arbiter") -> None:
    """Ignore the signal that lowers the number of processes, whose sockets would then never be answered.

    Then exclude imported modules from garbage collection, because collecting writes to memory and so unshares it.
    """
    del server
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)


def pre_fork(server: "Arbiter", worker: "Worker") -> None:
    """Give the new process the socket with the fewest listeners, which during a reload is its predecessor's."""
    taken = Counter(socket for sibling in server.WORKERS.values() for socket in sibling.sockets)
    worker.sockets = [min(server.LISTENERS, key=taken.__getitem__)]


def on_exit(server: "Arbiter") -> None:
    """Remove the shared folder."""
    del server
    shutil.rmtree(OWN_FOLDER, ignore_errors=True)


def post_worker_init(worker: "Worker") -> None:
    """Start the threads that watch releases and dependencies, which only a worker process needs."""
    worker.wsgi.extensions["churn"].watch()
