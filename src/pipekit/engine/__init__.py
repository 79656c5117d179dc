"""Step by step: the only part that makes things happen."""
