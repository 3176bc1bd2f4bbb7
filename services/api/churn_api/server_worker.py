"""gunicorn's worker of threads, with a crew of ours."""

from concurrent.futures import Executor

from gunicorn.workers.gthread import ThreadWorker

from churn_api.crew import Crew


class Worker(ThreadWorker):
    """gunicorn asks of its pool no more than any executor does."""

    def get_thread_pool(self) -> Executor:  # type: ignore[override]  # gunicorn's is inferred, not declared
        return Crew(self.cfg.threads)
