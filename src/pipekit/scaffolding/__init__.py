"""New packages for authors of plugins: `pipekit plugin new`."""

from pipekit.scaffolding.names import PackageNames
from pipekit.scaffolding.package import KINDS, Kind, NewPackage, write_package

__all__ = ["KINDS", "Kind", "NewPackage", "PackageNames", "write_package"]
