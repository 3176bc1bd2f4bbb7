"""Answers for one customer and for many, and the caches in front of the model."""
