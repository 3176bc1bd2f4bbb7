"""How fast the API answers, beside a web server that does nothing and beside the usual way to serve a model."""
