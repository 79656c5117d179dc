"""Plugins with one defect each, beside a good one. ``caught_by`` names the tests that have to fail, and no others.

The files aren't called ``test_…``, so that they run only where `failing` runs them.
"""
