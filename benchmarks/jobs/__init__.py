"""Files of customers: what the product takes for them, beside the script that an analyst would write."""
