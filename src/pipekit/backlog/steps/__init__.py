"""The steps of the workflow, one module each. Their prompts lie in ``prompts/`` beside them.

Step modules are read at run time by the plan, so their annotations are imported for real.
"""
