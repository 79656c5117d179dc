"""Pipelines of LLM steps whose finished work is never lost and never paid for twice."""
