"""Recordings and events to labelled windows."""
