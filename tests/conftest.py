"""What the whole suite shares: the closing word on tests that were skipped for want of a program."""

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes on a busy machine says nothing about whether it is right.
settings.register_profile("course", deadline=None)
# For hours of fuzzing: pytest tests/fuzz --hypothesis-profile=long
settings.register_profile(
    "long",
    deadline=None,
    max_examples=20_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("course")

PACKAGE_OF = {"chromium": "chromium", "bubblewrap": "bubblewrap", "node": "nodejs"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which programs were missing, how many tests that cost, and how to get them."""
    reasons = (str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    missing = Counter(
        match[1] for reason in reasons if (match := re.search(r"(\w+) is not installed", reason))
    )
    for program, count in sorted(missing.items()):
        package = PACKAGE_OF.get(program, program)
        terminalreporter.write_line(
            f"{count} tests skipped: {program} is not installed (on Debian: apt-get install {package})",
            yellow=True,
        )
