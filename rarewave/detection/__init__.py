"""Whole recordings to events, every second accounted for."""
