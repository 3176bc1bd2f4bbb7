"""Every figure that a release publishes about itself."""
