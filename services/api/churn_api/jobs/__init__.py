"""Jobs: a CSV of any length scored in chunks, with the object store as the only truth. Knows no HTTP and no Celery."""
