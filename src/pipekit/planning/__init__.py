"""What will run: configuration and registered steps resolved to a plan, before anything runs. Pure."""
