"""The object store: one interface over S3 and over a folder."""
