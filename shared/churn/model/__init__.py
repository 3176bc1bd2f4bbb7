"""A released model: its columns, its scorers, and what answers are made of."""
