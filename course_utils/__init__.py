"""What the notebooks import: references in NumPy and torch, data, checks, widgets.

Importing this package loads nothing heavy; torch, matplotlib and ipywidgets load with the module that needs them.
"""
