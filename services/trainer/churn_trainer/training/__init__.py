"""Fitting the candidates, comparing them and choosing one."""
