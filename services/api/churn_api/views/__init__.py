"""The addresses of the API: each view parses, calls, counts and answers."""
