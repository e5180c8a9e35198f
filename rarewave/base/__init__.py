"""What every room speaks: errors, parameters, whole files, tables, tasks, intervals, work.

Knows no signal.
"""
