"""What the notebooks import: references in NumPy and torch, data, checks, widgets."""
