"""Who learns and who is tested."""
