"""How many examples a property is tried with: few in `make test`, all in `make test-slow`."""

import os

from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")
QUICK, FULL = 15, 40


def examples(full: int) -> int:
    """`full` in the profile of that name, and no more than a few in the other."""
    return full if PROFILE == "full" else min(full, QUICK)


def load() -> None:
    """Make the profile of the environment the default of every property."""
    settings.register_profile(
        PROFILE,
        deadline=None,  # a shared machine is no measure of the slowness of a test
        derandomize=True,  # CI must not fail on another commit than the one that broke it
        max_examples=examples(FULL),
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile(PROFILE)
