"""Built-in retrievers: Markdown in folders and in a kept index, found by its words. Knows nothing of any workflow."""
