"""Architectures by name, a file each, Keras and its files."""
