"""The providers that come with pipekit; the others are packages of their own."""
