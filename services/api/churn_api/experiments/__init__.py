"""Experiments as the API answers and changes them."""
