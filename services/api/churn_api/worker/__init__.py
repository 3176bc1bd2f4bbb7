"""The Celery worker: its start, its tasks and its heartbeat."""
