"""Runs of the workflow held against gold files, for ``pipekit eval``."""
