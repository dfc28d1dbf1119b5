"""The detectors that every other must beat: every board shows them."""

CONSTANT, ONE_QUESTION = "constant", "one-question-tree"
FLOORS = (CONSTANT, ONE_QUESTION)
