"""From a file to checked rows and the three parts that they are split into."""
