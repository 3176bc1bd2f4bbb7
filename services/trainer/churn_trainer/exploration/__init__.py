"""What the table shows before anything is fitted."""
