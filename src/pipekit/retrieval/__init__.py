"""Built-in retrievers: folders of Markdown, found by their words. Knows nothing of any workflow."""
