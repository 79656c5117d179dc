"""Anthropic as a model provider for pipekit."""
