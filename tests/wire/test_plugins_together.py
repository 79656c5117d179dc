"""The packages under plugins/, installed together: none takes a name that another has, or pipekit itself."""

from __future__ import annotations

import json
from pathlib import Path

from wirekit.project import Project


def test_every_package_is_used_in_whole(tmp_path: Path) -> None:
    told = Project.of(tmp_path).call("plugins", "--json")

    assert told.returncode == 0, told.stderr
    plugins = {one["name"]: one for one in json.loads(told.stdout)["plugins"]}
    assert {"anthropic", "community", "ollama", "openai"} <= set(plugins)
    assert {name: one["reason"] for name, one in plugins.items() if one["health"] != "ok"} == {}
