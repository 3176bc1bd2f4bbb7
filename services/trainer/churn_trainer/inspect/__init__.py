"""Drafting a customer's declaration from a table: what its columns are, and what a person has to decide."""
