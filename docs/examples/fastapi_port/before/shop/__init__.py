"""A second-hand shop: people register, offer items with pictures, and order from each other."""
