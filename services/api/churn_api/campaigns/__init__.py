"""Campaigns: whom to contact with which offer under a budget, planned from a scored job, and what came of it."""
