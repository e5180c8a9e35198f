"""A file for each format of labels."""
