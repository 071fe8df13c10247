"""Organizations: whoever owns banks."""
