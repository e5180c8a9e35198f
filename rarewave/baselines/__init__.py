"""What a network has to beat."""
