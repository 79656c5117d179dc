"""Where in a meeting words stand that are said to come from it: found by program, whoever gave them."""
