"""The scoring engine beside what one would take in its place. ``bin/bench scoring`` runs it."""
