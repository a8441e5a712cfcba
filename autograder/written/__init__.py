"""Written questions: find the answers, show them side by side without names, keep what each earns."""
