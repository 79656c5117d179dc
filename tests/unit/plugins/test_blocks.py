"""Misspelt names and keys in the blocks of plugins are told with their place, whether the plugin is used or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipekit import hookimpl, settings
from pipekit.config import load_configuration
from pipekit.errors import ConfigError
from pipekit.interfaces import StoreURL
from pipekit.plugins.blocks import check_blocks
from pipekit.plugins.loading import PluginOptions, load_plugins


@settings
class PageSettings:
    indent: int = 2
    title: str | None = None


@settings
class StrictSettings:
    key: str


def page(own: PageSettings) -> object:
    raise AssertionError("checking a block makes nothing")


def plain() -> object:
    raise AssertionError("checking a block makes nothing")


def strict(own: StrictSettings | None = None) -> object:
    raise AssertionError("checking a block makes nothing")


def puzzling(own: Nowhere) -> object:  # type: ignore[name-defined]  # noqa: F821
    raise AssertionError("checking a block makes nothing")


def mistaken(own: page.Nothing) -> object:  # type: ignore[name-defined]
    raise AssertionError("checking a block makes nothing")


def muddled(own: "two words") -> object:  # type: ignore[valid-type]  # noqa: F722
    raise AssertionError("checking a block makes nothing")


def acme_store(own: PageSettings, url: StoreURL) -> object:
    raise AssertionError("checking a block makes nothing")


GIVES: dict[str, dict[str, Callable[..., object]]] = {
    "pipekit_output_formats": {"json": page, "raw": plain, "strict": strict, "puzzle": puzzling},
    "pipekit_loaders": {"text": plain, "web-vtt": page, "mistaken": mistaken, "muddled": muddled},
    "pipekit_llm_providers": {"acme": page},
    "pipekit_retrievers": {"folder": page},
    "pipekit_state_stores": {"acme": acme_store},
}


def a_plugin() -> ModuleType:
    module = ModuleType("acme")
    for hook, given in GIVES.items():

        def give(given: Any = given) -> Any:
            return given

        give.__name__ = hook
        setattr(module, hook, hookimpl(give))
    return module


def checked(folder: Path, text: str, *more: object, **environ: str) -> tuple[list[ConfigError], list[str]]:
    (folder / "pipekit.yaml").write_text(text)
    configuration = load_configuration(folder / "pipekit.yaml", folder=folder, environ=environ)
    assert configuration.faults == ()
    registry = load_plugins(
        PluginOptions.of(configuration),
        given=[a_plugin(), *more],
        environ={},
        builtins={"stores": "pipekit.stores.plugin"},
    )
    return check_blocks(registry, configuration)


@pytest.mark.parametrize(
    ("text", "place", "said", "hint"),
    [
        ("output:\n  formats:\n    json: {indnt: 4}\n", "3:12", "output.formats.json.indnt", "did you mean indent?"),
        ("output:\n  formats:\n    raw: {indent: 4}\n", "3:11", "output.formats.raw.indent", "remove it"),
        ("output:\n  formats:\n    jsn: {}\n", "3:5", "there is no output format jsn", "did you mean json?"),
        ("loaders:\n  nosuch: {}\n", "2:3", "there is no loader nosuch", "known: text, web-vtt, mistaken, muddled"),
        ("loaders:\n  text: {zz: 1}\n", "2:10", "loaders.text.zz", "remove it"),
        ("loaders:\n  webVtt: {titel: x}\n", "2:12", "loaders.webVtt.titel", "did you mean title?"),
        ("llm:\n  providers:\n    acme: {tilte: x}\n", "3:12", "llm.providers.acme.tilte", "did you mean title?"),
        ("retrievers:\n  folder: {tilte: x}\n", "2:12", "retrievers.folder.tilte", "did you mean title?"),
        ("store:\n  url: acme:x\n  indnt: 1\n", "3:3", "store.indnt", "did you mean indent?"),
        ("store:\n  url: file:x\n  bogus: 1\n", "3:3", "store.bogus", "known: url"),
        ("store:\n  rul: file:x\n", "2:3", "store.rul", "did you mean url?"),
        ("output:\n  formats:\n    json: {indent: much}\n", "3:20", "must be a whole number", "write a whole number"),
    ],
)
def test_it_is_a_fault_with_its_place_and_what_was_meant(
    tmp_path: Path, text: str, place: str, said: str, hint: str
) -> None:
    faults, warnings = checked(tmp_path, text)
    assert len(faults) == 1
    assert said in faults[0].message
    assert f"pipekit.yaml:{place}" in faults[0].where
    assert hint in faults[0].hint
    assert warnings == []


@pytest.mark.parametrize(
    "text",
    [
        "output: {formats: {JSON: {indent: 4}}}",
        "loaders: {web_vtt: {title: x}}",
        "llm: {providers: {acme: {title: x}, ollama: {baseUrl: 'http://localhost'}}}",
        "store: {url: 'acme:x', indent: 4}",
        "store: 'memory:'",
        "output: {formats: {strict: {}}}",
        "output: {formats: {puzzle: {anything: 1}}}",
        "loaders: {mistaken: {anything: 1}}",
        "loaders: {muddled: {anything: 1}}",
    ],
)
def test_what_is_spelled_right_or_cannot_be_told_yet_is_no_fault(tmp_path: Path, text: str) -> None:
    assert checked(tmp_path, text) == ([], [])


def test_a_provider_that_nobody_brings_is_a_warning_for_the_file_may_be_shared(tmp_path: Path) -> None:
    faults, warnings = checked(tmp_path, "llm:\n  providers:\n    nosuch: {}\n    olama: {}\n")
    assert faults == []
    assert len(warnings) == 2
    assert "pipekit.yaml:3:5: no installed plugin brings the model provider nosuch" in warnings[0]
    assert "did you mean ollama?" in warnings[1]


@pytest.mark.parametrize("why", ["blocked", "set aside", "off"])
def test_a_name_that_an_unloaded_plugin_may_bring_is_a_warning(tmp_path: Path, why: str) -> None:
    other = ModuleType("other")
    if why == "set aside":
        other.pipekit_api = 2  # type: ignore[attr-defined]
    text = "loaders: {nosuch: {}}\n" + ("plugins: {block: [other]}\n" if why == "blocked" else "")
    environ = {"PIPEKIT_PLUGINS_OFF": "1"} if why == "off" else {}
    faults, warnings = checked(tmp_path, text, other, **environ)
    assert faults == []
    assert "there is no loader nosuch" in warnings[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("block: [otehr]", "plugins.block names otehr, and no plugin is called that; did you mean other?"),
        ("allow: [other, othr]", "plugins.allow names othr, and no plugin is called that; did you mean other?"),
        ("block: [Stores]", "plugins.block names Stores, which is pipekit's own and is never blocked"),
        ("block: [pipekit_framework]", "which is pipekit's own and is never blocked"),
    ],
)
def test_a_name_that_blocks_or_allows_nothing_though_it_looks_so_is_told(tmp_path: Path, text: str, said: str) -> None:
    faults, warnings = checked(tmp_path, f"plugins:\n  {text}\n", ModuleType("other"))
    assert faults == []
    assert len(warnings) == 1
    assert "pipekit.yaml:2:" in warnings[0]
    assert said in warnings[0]


@pytest.mark.parametrize("text", ["block: [Other]", "block: [somebody-elses]", "allow: [other, stores, acme, remote]"])
def test_a_name_that_does_something_or_could_elsewhere_is_not_told(tmp_path: Path, text: str) -> None:
    assert checked(tmp_path, f"plugins:\n  {text}\n", ModuleType("other")) == ([], [])
