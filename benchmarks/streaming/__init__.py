"""What reading streams costs."""
