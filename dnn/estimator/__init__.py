"""What a classifier and a regressor are made of: the way from a table to a network, its folder, its export."""
