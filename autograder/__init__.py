"""Builds the course from its masters and grades what students hand in."""

import sys

# What checks a notebook's format would else spend three seconds on the grammar of addresses, which no notebook needs.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
