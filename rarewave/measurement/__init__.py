"""What a sound is like in numbers."""
