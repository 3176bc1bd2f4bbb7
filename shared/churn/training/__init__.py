"""Trainings that are asked for, by whoever finds one due, and done by whoever trains."""
