"""Alerts on customers: looked for at the end of each scoring job, one digest of them, and its delivery."""
