"""What a release has to show before it is put into service."""
