"""What tracking costs: a year of predictions, joined with outcomes."""
