"""Predictions: remembered by the process or in Redis, else computed."""
