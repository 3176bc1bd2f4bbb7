"""The OpenAPI 3.1 document, made from the same declarations that requests are read with and answers written from."""
