"""The online challenger: it learns from each outcome as it becomes known, beside the release in service."""
