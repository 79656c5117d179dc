"""The built-in state stores: runs as folders of JSON files, and runs in memory."""
