"""What became of predictions, as GET /quality answers it: its shape, and how it is waited for."""
