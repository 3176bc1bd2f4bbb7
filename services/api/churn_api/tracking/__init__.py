"""Tracking: what was predicted for customers with an id, on its way from the API's processes to the tables."""
