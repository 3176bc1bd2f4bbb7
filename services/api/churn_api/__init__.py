"""The HTTP API and the job worker of the churn platform."""
