"""Servers on this machine that speak the vendors' protocols, and the ways in which they go wrong."""
