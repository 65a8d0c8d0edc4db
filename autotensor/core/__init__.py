"""The ground floor: what a tensor, a primitive and a recorded operation are."""
