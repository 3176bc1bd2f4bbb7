"""Tables as people have them, read as one stream of CSV: UTF-8, commas, a header and rows."""
