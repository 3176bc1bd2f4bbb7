"""Campaigns: whom to make which offer, whom to leave alone on purpose, and what came of it."""
