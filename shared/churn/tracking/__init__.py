"""Predictions that were answered and outcomes that came in: two tables in the store, and what is computed of them."""
