"""Releases in the store: written, put into service, taken back, pruned and taken up again."""
