"""The server of the test kit, by the name that the tests here know it under."""

from pipekit.testing.loopback import Exchange, Received, WireServer, serving

__all__ = ["Exchange", "Received", "WireServer", "serving"]
