"""langchain-community for pipekit: chat models, retrievers and loaders."""
