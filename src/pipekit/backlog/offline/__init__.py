"""The offline rules: what a careful colleague with a marker would do, deterministic, without a model."""
