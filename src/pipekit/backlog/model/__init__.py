"""The values of the workflow: what its steps give, and the verdicts that are computed from them."""
