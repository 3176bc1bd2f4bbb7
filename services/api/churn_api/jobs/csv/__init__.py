"""Reading an upload row by row, and writing the two files that a job ends with."""
