"""The core of the churn platform: what a customer is, how one is scored, and how a model is released."""
