"""How a model is asked: prompts, one validated answer, and the providers that come with pipekit."""
