"""The worker's entry point: `celery --app churn_api.worker.app worker`."""

from churn_api.settings import ApiSettings
from churn_api.worker.bootstrap import create_worker

app = create_worker(ApiSettings.load_or_exit())
