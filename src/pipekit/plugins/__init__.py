"""What is installed: plugins found, loaded one by one with a guard, and what each of them gives."""
