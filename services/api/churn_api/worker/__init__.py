"""The Celery worker: its start, its tasks, its queue and its heartbeat."""
