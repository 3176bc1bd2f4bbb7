"""Alerts on customers: who has lately come to be at risk, by rules that leave out what is no news."""
