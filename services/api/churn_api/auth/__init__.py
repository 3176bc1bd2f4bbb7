"""Who may ask: API keys, their file, and which scope an address needs."""
