"""Side-by-side measurements of the product, run by `make bench`."""
