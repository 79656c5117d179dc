"""Story points for each candidate: an example of a pipekit plugin."""
