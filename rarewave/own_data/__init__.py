"""A folder as people bring it to a recipe that fits it, each value with its measured reason."""
