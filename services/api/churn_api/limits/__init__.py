"""How much each caller may ask for, and how much runs at a time."""
