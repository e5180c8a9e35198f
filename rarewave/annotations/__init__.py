"""What people wrote down, a file for each format, reader and writer together."""
