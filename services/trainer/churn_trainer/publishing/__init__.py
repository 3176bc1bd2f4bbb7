"""Releases in the store: writing them, putting them into service, rolling back, pruning, and resuming."""
