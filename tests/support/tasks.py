"""Tasks of every kind, as small as they come."""

from rarewave.base.tasks import Task

EVENT = Task("event", ("background", "event"))
TAGS = Task("tags", ("high", "low", "middle"))


def of_outputs(outputs: int) -> Task:
    """An event for one output, else so many classes."""
    if outputs == 1:
        return EVENT
    return Task("classes", tuple(f"kind {number}" for number in range(outputs)))
