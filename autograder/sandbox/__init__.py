"""Runs a student's code where it can harm nothing and find nothing.

Nothing is imported here, for the agent inside the sandbox imports this package too.
"""
