"""What a model is asked for, and how it becomes the workflow's values.

Each task has a module: small classes with what a model should decide, and a function that turns them into the domain's
values. Ids, places, verdicts and whether words are really in the meeting are found here, by program: what a model says
of them counts for nothing. Nothing in here fails for an answer that has the right shape.
"""
