"""API keys: what they look like, and where they are read from."""
