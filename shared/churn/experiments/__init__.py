"""Experiments: a release in shadow beside the one in service, the verdict on it, and its promotion."""
