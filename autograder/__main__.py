"""``python -m autograder`` is the command ``course``."""

from autograder.cli import main

main()
