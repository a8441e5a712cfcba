"""Likeness between the answers of a class: winnowing, with the handed-out code and what everybody writes taken away."""
