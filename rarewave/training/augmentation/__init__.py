"""Change training examples at random, so that a network learns what does not matter."""
