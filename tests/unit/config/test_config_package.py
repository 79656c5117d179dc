from __future__ import annotations

import pkgutil
import subprocess
import sys

import pipekit.config


def test_every_public_name_can_be_had_and_the_list_is_sorted() -> None:
    assert dir(pipekit.config) == sorted(pipekit.config.__all__)
    for name in pipekit.config.__all__:
        assert getattr(pipekit.config, name).__class__ is not None


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    assert not hasattr(pipekit.config, "nothing_of_that_name")


def test_loading_a_configuration_without_a_file_loads_no_yaml_parser() -> None:
    code = """
import sys, pathlib, tempfile
from pipekit.config import load_configuration, resolve_step_blocks, fill
with tempfile.TemporaryDirectory() as folder:
    load_configuration({"llm": {"model": "ollama/x"}}, folder=pathlib.Path(folder), environ={"LLM_MODEL": "a/b"})
heavy = {"ruamel", "cattrs", "asyncio", "jinja2", "rich", "platformdirs", "langchain_core", "httpx"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_no_module_has_the_name_of_a_public_name() -> None:
    modules = {info.name for info in pkgutil.iter_modules(pipekit.config.__path__)}

    assert modules.isdisjoint(pipekit.config.__all__)
