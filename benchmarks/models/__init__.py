"""The candidates on real tables, beside the usual gradient boostings, and what serving the pairwise one costs."""
