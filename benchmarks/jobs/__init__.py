"""Files of customers: how long the product takes to score them, beside the script that an analyst would write."""
