"""rarewave: find rare events in long recordings, and show why."""

__version__ = "0.1.0"
