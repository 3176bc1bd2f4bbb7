"""The trainer: from a customer table to a published release."""
