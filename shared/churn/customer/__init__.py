"""What a customer is: fields, spellings, and the readers of one from JSON or from cells."""
