"""What planning a campaign costs: a million customers, three offers, two limits."""
