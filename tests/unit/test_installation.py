"""What is installed, made when first needed with its settings; retrievers as one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import evolve

from pipekit import hookimpl, settings
from pipekit.config import load_configuration
from pipekit.errors import ConfigError, PipekitError, PlanError, PluginError, StorageError
from pipekit.installation import AllRetrievers, Installation
from pipekit.interfaces import Hit, ModelInfo, Retriever, StoreURL
from pipekit.interfaces.state_stores import RunQuery
from pipekit.plugins.loading import PluginOptions, load_plugins
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.memory import MemoryStore


@settings
class ThingSettings:
    size: int = 1


class Thing:
    """Stands for an implementation of any kind: keeps what it was made with."""

    needs = ("text", "words?")
    secrets = ("ACME_KEY",)

    def __init__(self, own: ThingSettings, folder: Path, logger: logging.Logger) -> None:
        self.size = own.size
        self.folder = folder
        self.logger = logger


class ClosingStore(MemoryStore):
    def __init__(self, own: ThingSettings, url: StoreURL) -> None:
        super().__init__()
        self.size = own.size
        self.url = url
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class FakeRetriever:
    """Finds what it was given; raises it when that is an error."""

    def __init__(self, found: Sequence[Hit] | BaseException = (), fingerprint: str | BaseException = "1") -> None:
        self.found = found
        self.print = fingerprint
        self.asked: list[tuple[str, int, str | None]] = []

    def search(self, query: str, *, limit: int, kind: str | None = None) -> Sequence[Hit]:
        self.asked.append((query, limit, kind))
        if isinstance(self.found, BaseException):
            raise self.found
        return self.found

    def fingerprint(self) -> str:
        if isinstance(self.print, BaseException):
            raise self.print
        return self.print


def a_plugin(**hooks: Mapping[str, Callable[..., Any]]) -> ModuleType:
    module = ModuleType("acme")
    for hook, given in hooks.items():

        def give(given: Mapping[str, Callable[..., Any]] = given) -> Mapping[str, Callable[..., Any]]:
            return given

        give.__name__ = hook
        setattr(module, hook, hookimpl(give))
    return module


def installed(
    folder: Path, config: Mapping[str, object] | Path | None = None, **hooks: Mapping[str, Callable[..., Any]]
) -> Installation:
    registry = load_plugins(
        PluginOptions(), given=[a_plugin(**hooks)], environ={}, builtins={"stores": "pipekit.stores.plugin"}
    )
    return Installation(registry, load_configuration(config or {}, folder=folder, environ={}), environ={})


def hit(title: str, relevance: float) -> Hit:
    return Hit(title=title, source="s", snippet="", relevance=relevance)


# --- stores --------------------------------------------------------------------------------------------------------


def test_a_store_is_made_by_its_scheme_below_the_folder_of_the_configuration(tmp_path: Path) -> None:
    ours = installed(tmp_path)
    store = ours.store("file:runs")
    assert isinstance(store, JsonFileStore)
    assert list(store.find(RunQuery())) == []
    assert isinstance(ours.store("memory:"), MemoryStore)
    other = installed(tmp_path, pipekit_state_stores={"acme": ClosingStore}).store("acme:runs:1")
    assert isinstance(other, ClosingStore)
    assert (other.url.scheme, other.url.location, other.url.path) == ("acme", "runs:1", tmp_path / "runs:1")


def test_one_address_is_one_store_and_another_address_another(tmp_path: Path) -> None:
    ours = installed(tmp_path)
    assert ours.store("memory:") is ours.store("memory:")
    assert ours.store("memory:") is not ours.store("memory:2")


@pytest.mark.parametrize("text", ["runs", ":runs", ""])
def test_a_store_that_is_no_address_is_told_with_its_place_and_the_default(tmp_path: Path, text: str) -> None:
    (tmp_path / "pipekit.yaml").write_text(f"workflow: letters\nstore: '{text}'\n")
    ours = installed(tmp_path, tmp_path / "pipekit.yaml")
    with pytest.raises(ConfigError) as caught:
        ours.store(text)
    error = caught.value
    assert error.message == f"store must be scheme:location, not {text!r}"
    assert (error.code, error.field, error.hint) == (3, "store", "the default is file:.pipeline")
    assert "pipekit.yaml:2:" in error.where


@pytest.mark.parametrize("text", ["store: shelv:runs", "store: {size: 3, url: 'shelv:runs'}"])
def test_a_scheme_that_nobody_brings_is_a_fault_with_its_place_and_a_suggestion(tmp_path: Path, text: str) -> None:
    (tmp_path / "pipekit.yaml").write_text(f"workflow: letters\n{text}\n")
    ours = installed(tmp_path, tmp_path / "pipekit.yaml", pipekit_state_stores={"shelve": ClosingStore})
    with pytest.raises(
        ConfigError, match="there is no store 'shelv'; stores are file:, sqlite:, memory:, shelve:"
    ) as caught:
        ours.store(ours.configuration.settings.store)
    error = caught.value
    assert (error.code, error.line, error.column) == (3, 2, text.index("shelv") + (1 if "{" not in text else 0))
    assert error.hint == "did you mean shelve:?"


def test_a_store_that_may_be_in_a_plugin_that_is_not_loaded_is_a_plugin_error(tmp_path: Path) -> None:
    ours = installed(tmp_path, {"plugins": {"off": True}})
    with pytest.raises(PluginError, match="no installed plugin brings the store 'postgres'") as caught:
        ours.store("postgres:runs")
    assert (caught.value.code, caught.value.where) == (9, "store=")


def test_a_store_gets_its_settings_and_closing_closes_it_once_and_makes_a_new_one_after(tmp_path: Path) -> None:
    config = {"store": {"url": "acme:x", "size": 7}}
    ours = installed(tmp_path, config, pipekit_state_stores={"acme": ClosingStore})
    store = ours.store(ours.configuration.settings.store)
    assert isinstance(store, ClosingStore)
    assert store.size == 7

    ours.close()
    ours.close()

    assert store.closed == 1
    assert ours.store("acme:x") is not store


# --- everything else with settings ---------------------------------------------------------------------------------

BLOCKS: Mapping[str, tuple[str, Callable[[Mapping[str, object]], Mapping[str, object]], Callable[[Installation], Any]]]
BLOCKS = {
    "llm.providers.thing": (
        "pipekit_llm_providers",
        lambda block: {"llm": {"providers": {"thing": block}}},
        lambda ours: ours.provider("thing"),
    ),
    "output.formats.thing": (
        "pipekit_output_formats",
        lambda block: {"output": {"formats": {"thing": block}}},
        lambda ours: ours.output_format("thing"),
    ),
    "loaders.thing": (
        "pipekit_loaders",
        lambda block: {"loaders": {"thing": block}},
        lambda ours: ours.loader("thing"),
    ),
    "retrievers.thing": (
        "pipekit_retrievers",
        lambda block: {"retrievers": {"thing": block}},
        lambda ours: ours.retrievers()["thing"],
    ),
}


@pytest.mark.parametrize("path", BLOCKS)
def test_each_kind_is_made_once_with_its_own_block_the_folder_and_a_logger(tmp_path: Path, path: str) -> None:
    hook, config, get = BLOCKS[path]
    ours = installed(tmp_path, config({"size": 5}), **{hook: {"thing": Thing}})
    thing = get(ours)
    assert (thing.size, thing.folder, thing.logger.name) == (5, tmp_path, "pipekit.plugins.acme")
    assert get(ours) is thing


@pytest.mark.parametrize("path", BLOCKS)
def test_a_wrong_setting_is_told_with_its_whole_path_and_nothing_is_made(tmp_path: Path, path: str) -> None:
    hook, config, get = BLOCKS[path]
    ours = installed(tmp_path, config({"size": "large", "colour": 1}), **{hook: {"thing": Thing}})
    for _ in range(2):
        with pytest.raises(PlanError) as caught:
            get(ours)
        assert {getattr(fault, "field", None) for fault in caught.value.faults} == {f"{path}.size", f"{path}.colour"}
        assert caught.value.code == 3


@pytest.mark.parametrize("path", [path for path in BLOCKS if not path.startswith("retrievers")])
def test_without_a_block_the_defaults_hold(tmp_path: Path, path: str) -> None:
    hook, _, get = BLOCKS[path]
    assert get(installed(tmp_path, **{hook: {"thing": Thing}})).size == 1


def test_one_name_in_two_kinds_is_two_things(tmp_path: Path) -> None:
    ours = installed(tmp_path, pipekit_loaders={"thing": Thing}, pipekit_output_formats={"thing": Thing})
    loader: Any = ours.loader("thing")
    assert loader is not ours.output_format("thing")


def test_what_a_provider_needs_and_what_a_format_reads_is_asked_of_them(tmp_path: Path) -> None:
    ours = installed(tmp_path, pipekit_llm_providers={"thing": Thing}, pipekit_output_formats={"thing": Thing})
    assert ours.secrets_of("thing") == ("ACME_KEY",)
    assert ours.needs_of("thing") == ("text", "words?")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda ours: ours.provider("thong"), "the model provider 'thong'"),
        (lambda ours: ours.output_format("thong"), "the output format 'thong'"),
    ],
)
def test_a_name_that_is_nearly_right_is_a_plugin_error_with_a_suggestion(
    tmp_path: Path, ask: Callable[[Installation], object], said: str
) -> None:
    ours = installed(tmp_path, pipekit_llm_providers={"thing": Thing}, pipekit_output_formats={"thing": Thing})
    with pytest.raises(PluginError, match=said) as caught:
        ask(ours)
    assert (caught.value.code, caught.value.hint) == (9, "did you mean thing?")


def test_a_factory_that_fails_is_told_with_its_plugin_and_tried_again_the_next_time(tmp_path: Path) -> None:
    made: list[object] = []

    def fragile() -> object:
        made.append(len(made))
        if len(made) == 1:
            raise OSError("no route to the server")
        return made

    ours = installed(tmp_path, pipekit_output_formats={"page": fragile})
    with pytest.raises(
        PluginError, match="the output format 'page' of acme can't be made: OSError: no route"
    ) as caught:
        ours.output_format("page")
    assert (caught.value.code, caught.value.kind, caught.value.plugin) == (9, "factory", "acme")
    again: Any = ours.output_format("page")
    assert again is made


def test_a_factory_may_leave_its_settings_open_and_gets_its_block_all_the_same(tmp_path: Path) -> None:
    def lenient(own: ThingSettings | None = None, folder: Path | None = None) -> tuple[object, object]:
        return own, folder

    ours = installed(tmp_path, {"loaders": {"thing": {"size": 5}}}, pipekit_loaders={"thing": lenient})
    made: Any = ours.loader("thing")
    assert made == (ThingSettings(size=5), tmp_path)


def test_two_settings_classes_of_one_factory_share_its_block(tmp_path: Path) -> None:
    @settings
    class MoreSettings:
        colour: str = "red"

    def both(one: ThingSettings, two: MoreSettings) -> tuple[object, object]:
        return one, two

    both.__annotations__ = {"one": ThingSettings, "two": MoreSettings}
    config = {"loaders": {"thing": {"size": 5, "colour": "blue"}}}
    made: Any = installed(tmp_path, config, pipekit_loaders={"thing": both}).loader("thing")
    assert made == (ThingSettings(size=5), MoreSettings(colour="blue"))


def test_a_factory_whose_annotations_cannot_be_read_is_told_with_its_plugin(tmp_path: Path) -> None:
    def misses(own: Nowhere) -> object:  # type: ignore[name-defined]  # noqa: F821
        return object()

    def mistakes(own: Path.Nothing) -> object:  # type: ignore[name-defined]
        return object()

    for factory, reason in ((misses, "NameError: name 'Nowhere'"), (mistakes, "AttributeError: type object 'Path'")):
        with pytest.raises(PluginError, match="its annotations can't be read") as caught:
            installed(tmp_path, pipekit_loaders={"bad": factory}).loader("bad")
        assert (caught.value.code, caught.value.plugin) == (9, "acme")
        assert reason in caught.value.message


def test_a_loader_that_cannot_be_made_is_told_and_is_no_obstacle_to_the_others(tmp_path: Path) -> None:
    def leaving() -> object:
        raise SystemExit(3)

    ours = installed(tmp_path, pipekit_loaders={"bad": leaving, "thing": Thing})
    made, errors = ours.loaders()
    assert list(made) == ["thing"]
    assert [error.message for error in errors] == ["the loader 'bad' of acme can't be made: SystemExit: 3"]
    assert isinstance(errors[0], PluginError)
    assert (errors[0].code, errors[0].plugin, errors[0].hook) == (9, "acme", "pipekit_loaders")


@pytest.mark.parametrize(
    ("hook", "ask"),
    [
        ("pipekit_llm_providers", lambda ours: ours.secrets_of("thing")),
        ("pipekit_output_formats", lambda ours: ours.needs_of("thing")),
    ],
)
def test_what_a_plugin_raises_when_asked_what_it_needs_is_its_own_error(
    tmp_path: Path, hook: str, ask: Callable[[Installation], object]
) -> None:
    class Shy:
        @property
        def needs(self) -> Sequence[str]:
            raise SystemExit("not today")

        secrets = needs

    with pytest.raises(PluginError, match="thing of acme raised SystemExit: not today"):
        ask(installed(tmp_path, None, **{hook: {"thing": Shy}}))


def test_a_store_given_in_the_place_of_the_configured_one_gets_none_of_its_settings(tmp_path: Path) -> None:
    ours = installed(tmp_path, {"store": {"url": "file:x", "size": 7}}, pipekit_state_stores={"acme": ClosingStore})
    store = ours.store("acme:x")
    assert isinstance(store, ClosingStore)
    assert store.size == 1


# --- retrievers ----------------------------------------------------------------------------------------------------


def test_only_retrievers_with_a_block_are_used_in_the_order_of_the_blocks(tmp_path: Path) -> None:
    factories = dict.fromkeys(("one", "two", "three"), FakeRetriever)
    config: dict[str, object] = {"retrievers": {"three": {}, "one": {}}}
    assert list(installed(tmp_path, config, pipekit_retrievers=factories).retrievers()) == ["three", "one"]
    assert installed(tmp_path, pipekit_retrievers=factories).retrievers() == {}


def test_a_block_for_a_retriever_that_is_not_installed_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text("retrievers:\n  one: {}\n  wiki: {}\n")
    ours = installed(tmp_path, tmp_path / "pipekit.yaml", pipekit_retrievers={"one": FakeRetriever})
    with pytest.raises(PluginError, match="the retriever 'wiki'") as caught:
        ours.retrievers()
    assert caught.value.code == 9
    assert "pipekit.yaml:3:" in caught.value.where


def test_the_digest_follows_the_content_and_the_names_of_the_retrievers(tmp_path: Path) -> None:
    def digest_with(**prints: str) -> str:
        factories = {name: _factory(FakeRetriever(fingerprint=text)) for name, text in prints.items()}
        config: dict[str, object] = {"retrievers": {name: {} for name in prints}}
        return installed(tmp_path, config, pipekit_retrievers=factories).retrievers_digest()

    before = digest_with(one="a", two="b")
    assert digest_with(one="a", two="b") == before
    others = [digest_with(one="a", two="c"), digest_with(one="a"), digest_with(one="a", three="b"), digest_with()]
    assert len({before, *others}) == 5


def _factory(made: object) -> Callable[[], object]:
    return lambda: made


def test_a_retriever_whose_content_cannot_be_told_is_named(tmp_path: Path) -> None:
    config: dict[str, object] = {"retrievers": {"wiki": {}}}
    broken = _factory(FakeRetriever(fingerprint=OSError("disk gone")))
    ours = installed(tmp_path, config, pipekit_retrievers={"wiki": broken})
    with pytest.raises(PluginError, match="the retriever wiki of acme raised OSError: disk gone") as caught:
        ours.retrievers_digest()
    assert (caught.value.code, caught.value.kind, caught.value.hook) == (9, "retriever", "pipekit_retrievers")

    own = StorageError("can't read the index", path="index.db")
    ours = installed(tmp_path, config, pipekit_retrievers={"wiki": _factory(FakeRetriever(fingerprint=own))})
    with pytest.raises(StorageError) as kept:
        ours.retrievers_digest()
    assert kept.value is own


def search(retrievers: Mapping[str, Retriever], **how: Any) -> list[str]:
    return [found.title for found in asyncio.run(AllRetrievers(retrievers).search("delivery week", **how))]


def test_hits_of_all_retrievers_come_best_first_and_no_more_than_asked_for() -> None:
    one = FakeRetriever([hit("a", 0.9), hit("b", 0.1), hit("tie 1", 0.5)])
    two = FakeRetriever([hit("c", 1.0), hit("tie 2", 0.5)])
    assert search({"one": one, "two": two}) == ["c", "a", "tie 1", "tie 2", "b"]
    assert search({"one": one, "two": two}, limit=2) == ["c", "a"]


def test_each_retriever_is_asked_with_query_limit_and_kind() -> None:
    one, two = FakeRetriever(), FakeRetriever()
    assert search({"one": one, "two": two}, limit=3, kind="adr") == []
    assert one.asked == two.asked == [("delivery week", 3, "adr")]


def test_without_retrievers_nothing_is_found_and_no_source_is_named() -> None:
    assert search({}) == []
    assert list(AllRetrievers({}).sources) == []
    assert list(AllRetrievers({"one": FakeRetriever(), "two": FakeRetriever()}).sources) == ["one", "two"]


def test_a_retriever_that_fails_is_named_and_an_error_of_our_family_stays_itself() -> None:
    with pytest.raises(PluginError, match="the retriever wiki raised OSError: disk gone") as caught:
        search({"fine": FakeRetriever(), "wiki": FakeRetriever(OSError("disk gone"))})
    assert (caught.value.code, caught.value.kind, caught.value.hook) == (9, "retriever", "pipekit_retrievers")

    own: PipekitError = StorageError("can't read the index", path="index.db")
    with pytest.raises(StorageError) as kept:
        search({"wiki": FakeRetriever(own)})
    assert kept.value is own


def test_what_the_user_says_of_a_model_holds_before_what_its_provider_says(tmp_path: Path) -> None:
    listed = ModelInfo(name="m", window=5, input_price=1.0, output_price=2.0, cached_price=0.1, priced_up_to=9)

    def told(**models: object) -> ModelInfo:
        registry = load_plugins(PluginOptions(), given=[], environ={})
        configuration = load_configuration({"llm": {"models": models}}, folder=tmp_path, environ={})
        return Installation(registry, configuration, environ={}).told("acme/m", listed)

    assert told() == listed
    assert told(**{"Acme/M": {"window": 7}}) == evolve(listed, window=7)
    cheap = told(**{"acme/m": {"inputPrice": 0}})
    assert (cheap.input_price, cheap.output_price, cheap.cached_price, cheap.priced_up_to) == (0, 2.0, None, None)
    assert told(**{"acme/m": {"inputPrice": 3, "cachedPrice": 2}}).cached_price == 2
