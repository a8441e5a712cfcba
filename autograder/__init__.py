"""Builds the course from its masters and grades what students hand in."""
