"""The release in service, followed between requests, and what is told of releases."""
