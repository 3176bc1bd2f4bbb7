"""Whether what the service leans on answers."""
