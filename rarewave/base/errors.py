"""The one exception that a user's mistake raises."""


class DataError(Exception):
    """Input or parameters that cannot be used.

    The message names the file, row or parameter and what to do about it. The command line
    and the stages print it alone, without a traceback, and exit with 1.
    """
