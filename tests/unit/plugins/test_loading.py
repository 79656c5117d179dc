"""Plugins are loaded one by one; a bad one is set aside with its reason and stops nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipekit import Step, hookimpl, step
from pipekit.errors import PluginError
from pipekit.plugins import manager
from pipekit.plugins.loading import PluginOptions, load_plugins
from pipekit.plugins.quarantine import PluginInfo
from pipekit.plugins.registry import Registry
from pipekit.plugins.trust import digest_of_content, is_trusted, trust, trust_name


@step
def good(text: str) -> int:
    return 1


def a_plugin(name: str, **hooks: Callable[[], Any]) -> ModuleType:
    module = ModuleType(name)
    for hook, give in hooks.items():
        give.__name__ = hook
        setattr(module, hook, hookimpl(give))
    return module


def load(*given: object, **options: Any) -> Registry:
    return load_plugins(PluginOptions(**options), given=given, environ={}, builtins={"stores": "pipekit.stores.plugin"})


def info(registry: Registry, name: str) -> PluginInfo:
    return next(plugin for plugin in registry.plugins if plugin.name == name)


def test_what_a_plugin_gives_is_registered_under_its_name() -> None:
    registry = load(a_plugin("fine", pipekit_steps=lambda: [good]))
    assert [one.name for one in registry.steps] == ["good"]
    assert info(registry, "fine").names == {"steps": ("good",)}
    assert registry.store("file").plugin.builtin


def raising() -> list[Step[..., Any, Any]]:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (a_plugin("bad", pipekit_steps=raising), "SystemExit"),
        (a_plugin("bad", pipekit_steps=lambda: 5), "not a list"),
        (a_plugin("bad", pipekit_steps=lambda: [5]), "no Step"),
        (a_plugin("bad", pipekit_loaders=lambda: ["x"]), "not a mapping"),
        (a_plugin("bad", pipekit_loaders=lambda: {"x": 5}), "can't be called"),
        (a_plugin("bad", pipekit_loaders=lambda: {"../x": int}), "gave the name"),
        (a_plugin("bad", pipekit_stepps=lambda: [good]), "did you mean pipekit_steps"),
    ],
)
def test_a_bad_plugin_is_set_aside_with_its_reason_and_the_others_go_on(plugin: ModuleType, said: str) -> None:
    registry = load(plugin, a_plugin("fine", pipekit_steps=lambda: [good]))
    assert info(registry, "bad").health == "set aside"
    assert said in info(registry, "bad").reason
    assert [one.name for one in registry.steps] == ["good"]


def test_a_plugin_of_another_api_version_is_set_aside() -> None:
    plugin = a_plugin("future", pipekit_steps=lambda: [good])
    plugin.pipekit_api = 2  # type: ignore[attr-defined]
    assert "version 2" in info(load(plugin), "future").reason


def test_strict_makes_a_bad_plugin_an_error() -> None:
    with pytest.raises(PluginError, match="SystemExit") as caught:
        load(a_plugin("bad", pipekit_steps=raising), strict=True)
    assert caught.value.code == 9


def test_against_a_built_in_the_newcomer_is_set_aside() -> None:
    registry = load(a_plugin("mine", pipekit_state_stores=lambda: {"file": int}))
    assert registry.store("file").plugin.builtin
    assert "pipekit's own" in info(registry, "mine").reason


def test_of_two_strangers_with_one_name_neither_is_used_until_one_is_blocked() -> None:
    one = a_plugin("one", pipekit_loaders=lambda: {"x": int})
    two = a_plugin("two", pipekit_loaders=lambda: {"x": int})
    with pytest.raises(PluginError, match="one and two"):
        load(one, two).loader("x")
    assert load(one, two, block=("two",)).loader("x").plugin.name == "one"


@pytest.mark.parametrize(
    "named", ["pipekit-Notes.one", "PIPEKIT_NOTES_ONE", "pipekit--notes.-one", " pipekit-notes-one "]
)
def test_a_package_is_blocked_and_allowed_by_its_name_however_it_is_spelled(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    plugin = a_plugin("notes", pipekit_loaders=lambda: {"notes": int})
    one = manager.Candidate(name="notes", get=lambda: plugin, package="Pipekit_Notes.One", version="1.0")
    monkeypatch.setattr(manager, "_installed", lambda: [one])
    assert info(installed(block=(named,)), "notes").reason == "blocked by plugins.block"
    assert info(installed(allow=(named,)), "notes").health == "ok"
    assert info(installed(allow=("pipekit-notes",)), "notes").reason == "not among plugins.allow"


def a_package(site: Path, name: str, **files: bytes) -> None:
    folder = site / f"pipekit_{name}-1.2.dist-info"
    folder.mkdir(parents=True)
    (site / f"pipekit_{name}.py").write_text("pipekit_api = 1\n")
    usual = {
        "METADATA": f"Metadata-Version: 2.1\nName: pipekit-{name}\nVersion: 1.2\n".encode(),
        "entry_points.txt": f"[pipekit]\n{name} = pipekit_{name}\n".encode(),
    }
    for file, content in {**usual, **{key.replace("points", "points.txt"): files[key] for key in files}}.items():
        if content:
            (folder / file).write_bytes(content)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"METADATA": b""}, "METADATA"),
        ({"METADATA": b"\xff\xfe\n"}, "METADATA"),
        ({"entry_points": b"[pipekit]\nhalf\n"}, "entry_points.txt"),
        ({"entry_points": b"[pipekit]\nhalf = \xff\n"}, "entry_points.txt"),
    ],
)
def test_a_package_that_cannot_say_what_it_is_is_set_aside_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], what: str
) -> None:
    a_package(tmp_path, "half", **files)
    a_package(tmp_path, "whole")
    monkeypatch.syspath_prepend(tmp_path)

    registry = installed()

    half = next(plugin for plugin in registry.plugins if "half" in plugin.name)
    assert half.health == "set aside"
    assert f"{what} of its package can't be read (pipekit_half-1.2.dist-info)" in half.reason
    assert half.hint == "install its package again"
    assert info(registry, "whole").label == "pipekit-whole 1.2"
    assert info(registry, "whole").health == "ok"


def test_a_broken_package_that_is_no_plugin_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_package(tmp_path, "other", entry_points=b"[console_scripts]\nhalf\n")
    a_package(tmp_path, "whole")
    monkeypatch.syspath_prepend(tmp_path)
    assert "other" not in str([plugin.name for plugin in installed().plugins])
    assert info(installed(), "whole").health == "ok"


def test_of_two_versions_on_the_path_the_first_one_counts_also_beside_a_broken_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_package(tmp_path / "later", "whole")
    a_package(tmp_path / "first", "whole")
    (tmp_path / "first" / "pipekit_whole-1.2.dist-info").rename(tmp_path / "first" / "pipekit_whole-2.0.dist-info")
    a_package(tmp_path / "first", "half", entry_points=b"[pipekit]\nhalf\n")
    monkeypatch.syspath_prepend(tmp_path / "later")
    monkeypatch.syspath_prepend(tmp_path / "first")
    assert [plugin.name for plugin in installed().plugins].count("whole") == 1


class Notes:
    """A plugin that a program makes as many of as it likes."""

    def __init__(self, name: str) -> None:
        self._name = name

    @hookimpl
    def pipekit_loaders(self) -> dict[str, Callable[[], Any]]:
        return {self._name: int}


def test_a_program_gives_several_plugins_of_one_class() -> None:
    registry = load(Notes("a"), Notes("b"), Notes("c"))
    assert list(registry.loaders) == ["a", "b", "c"]
    assert [plugin.name for plugin in registry.plugins if not plugin.builtin] == ["Notes", "Notes-2", "Notes-3"]
    assert list(load(Notes("a"), Notes("b"), block=("Notes-2",)).loaders) == ["a"]


def test_two_plugins_of_one_class_that_give_one_name_are_told_apart() -> None:
    assert "is given by Notes and Notes-2" in info(load(Notes("a"), Notes("a")), "Notes-2").reason


def test_a_plugin_that_is_given_twice_counts_once() -> None:
    notes = Notes("a")
    assert list(load(notes, notes).loaders) == ["a"]


def test_a_plugin_that_gives_one_name_twice_is_told_what_it_does() -> None:
    def other(text: str) -> int:
        return 2

    both = [good, step(name="good")(other)]
    twice = a_plugin("twice", pipekit_steps=lambda: both, pipekit_loaders=lambda: {"x": int})
    registry = load(twice)
    assert info(registry, "twice").health == "partly"
    assert info(registry, "twice").reason == (
        "twice gives two steps called 'good', so neither is used; its author has to rename one"
    )
    assert list(registry.steps) == []
    assert list(registry.loaders) == ["x"]


def test_one_step_under_two_names_of_its_module_is_one_step() -> None:
    assert [one.name for one in load(a_plugin("fine", pipekit_steps=lambda: [good, good])).steps] == ["good"]


def two_called_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two installed packages whose plugins have one name, and give different loaders."""

    def candidate(package: str) -> manager.Candidate:
        plugin = a_plugin(package, pipekit_loaders=lambda: {package: int})
        return manager.Candidate(name="notes", get=lambda: plugin, package=package, version="1.0")

    monkeypatch.setattr(manager, "_installed", lambda: [candidate("one"), candidate("two")])


def installed(**options: Any) -> Registry:
    return load_plugins(PluginOptions(**options), environ={}, builtins={"stores": "pipekit.stores.plugin"})


def test_of_two_plugins_with_one_name_neither_is_used_until_one_is_blocked_by_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_called_notes(monkeypatch)
    both = installed()
    assert list(both.loaders) == []
    assert "two plugins are called 'notes': one 1.0 and two 1.0" in info(both, "notes").reason

    settled = installed(block=("two",))
    assert list(settled.loaders) == ["one"]
    assert {plugin.package: plugin.health for plugin in settled.plugins if plugin.name == "notes"} == {
        "one": "ok",
        "two": "blocked",
    }
    assert list(installed(allow=("one",)).loaders) == ["one"]
    assert list(installed(block=("notes",)).loaders) == []


def test_a_plugin_that_imports_a_package_called_pipekit_something_is_no_worse_for_it() -> None:
    plugin = a_plugin("fine", pipekit_steps=lambda: [good])
    plugin.pipekit_estimates = ModuleType("pipekit_estimates")  # type: ignore[attr-defined]
    plugin.pipekit_helper = lambda: None  # type: ignore[attr-defined]
    assert info(load(plugin), "fine").health == "ok"


def test_a_hook_that_is_not_marked_is_told_and_not_passed_over() -> None:
    plugin = ModuleType("plain")
    plugin.pipekit_steps = lambda: [good]  # type: ignore[attr-defined]
    assert "pipekit_steps is not marked with @hookimpl" in info(load(plugin), "plain").reason


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("it can't even be shown")


def test_an_exception_that_cannot_be_shown_sets_its_plugin_aside_and_no_other() -> None:
    def mute() -> list[Step[..., Any, Any]]:
        raise SilentError

    registry = load(a_plugin("mute", pipekit_steps=mute), a_plugin("fine", pipekit_steps=lambda: [good]))

    assert info(registry, "mute").reason == "SilentError: no message"
    assert [one.name for one in registry.steps] == ["good"]


def test_what_a_plugin_prints_while_loading_never_reaches_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    def chatty() -> list[Step[..., Any, Any]]:
        sys.stdout.write("hello")
        return [good]

    load(a_plugin("chatty", pipekit_steps=chatty))
    assert capsys.readouterr().out == ""


def test_a_known_vendor_that_is_missing_gets_its_install_line() -> None:
    with pytest.raises(PluginError) as caught:
        load().provider("anthropic")
    assert "pip install . ./plugins/pipekit-anthropic" in caught.value.hint


def test_a_name_that_is_nearly_right_gets_a_suggestion() -> None:
    with pytest.raises(PluginError) as caught:
        load().store("fil")
    assert caught.value.hint == "did you mean file?"


def test_a_missing_built_in_is_our_own_fault_and_an_error() -> None:
    with pytest.raises(PluginError):
        load_plugins(PluginOptions(), given=[], environ={}, builtins={"gone": "pipekit.nowhere"})


def test_a_local_file_runs_only_once_trusted_and_only_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "steps.py"
    file.write_text("from pipekit import step\n\n@step\ndef mine(text: str) -> int:\n    return 1\n")
    environ = {"XDG_DATA_HOME": str(tmp_path / "data")}
    options = PluginOptions(local=("steps.py",), folder=tmp_path)
    builtins = {"stores": "pipekit.stores.plugin"}

    before = load_plugins(options, given=[], environ=environ, builtins=builtins)
    trust({trust_name(file): digest_of_content(file.read_bytes())}, environ)
    after = load_plugins(options, given=[], environ=environ, builtins=builtins)
    file.write_text(file.read_text() + "# changed\n")
    changed = load_plugins(options, given=[], environ=environ, builtins=builtins)

    assert [one.name for one in after.steps] == ["mine"]
    assert info(before, "steps").health == info(changed, "steps").health == "set aside"
    assert "pipekit trust" in info(changed, "steps").hint
    assert not is_trusted(trust_name(file), digest_of_content(file.read_bytes()), environ)
