"""Training by `compile`, `fit`, `evaluate` and `predict`: data at the door, what compile resolved, and the loops."""
