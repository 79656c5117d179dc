"""Ollama as a model provider for pipekit."""
