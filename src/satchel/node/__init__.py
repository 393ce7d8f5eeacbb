"""The node: carries out what core decided, with the clock, the randomness and the parts it was given."""
