"""What is answered for one customer and for many, and of the model that answers."""
