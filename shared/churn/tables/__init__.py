"""Reading tables in the formats that people save them in, as a stream of CSV: UTF-8, commas, a header and rows."""
