"""OpenAI and the servers that speak its protocol, as a model provider for pipekit."""
