"""Streams: customers and outcomes that come by topics, and predictions that go back; a service of its own."""
