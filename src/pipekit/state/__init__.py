"""What a run is: its record, journal, artifacts and events as values; no files."""
