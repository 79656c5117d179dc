"""`pipekit models` and a server that lists its models well, badly or not at all: a list, or one line for people."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wirekit.cases import CASES, Case
from wirekit.server import Exchange, WireServer, serving
from wirekit.vendors import KEY, VENDORS, Vendor

from pipekit import Pipeline
from pipekit.doctoring import ProviderModels
from pipekit.serde import JSON

each_vendor = pytest.mark.parametrize("vendor", list(VENDORS.values()), ids=str)
ADDRESSES = {"openai": "OPENAI_BASE_URL", "anthropic": "ANTHROPIC_BASE_URL", "ollama": "OLLAMA_HOST"}
SHOWN = {"details": {}, "model_info": {"llama.context_length": 131_072}, "capabilities": ["completion", "tools"]}
#: What nobody wants to read who asked which models there are.
JARGON = re.compile(
    r"pydantic|validation error|\w+Error:|NoneType|has no attribute|not subscriptable|not iterable|Traceback|<html|\n"
)
Listing = Callable[[Vendor, Callable[[Exchange], None]], ProviderModels]


@pytest.fixture
def listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Listing:
    """What `pipekit models VENDOR` has to show, from a server that behaves so."""

    def ask(vendor: Vendor, behave: Callable[[Exchange], None]) -> ProviderModels:
        with serving(behave) as server:
            return _asked(vendor, server)

    def _asked(vendor: Vendor, server: WireServer) -> ProviderModels:
        address = f"{server.url}/v1" if vendor.name == "openai" else server.url
        monkeypatch.setenv(ADDRESSES[vendor.name], address)
        environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
        environ["PIPEKIT_LLM__PROVIDERS__OPENAI__API_KEY_VARIABLE"] = "OPENAI_API_KEY"
        (found,) = Pipeline(folder=tmp_path, environ=environ).models(vendor.name)
        return found

    return ask


def check(found: ProviderModels) -> None:
    """A list that can be shown, or a reason in one line."""
    if found.problem is None:
        names = [info.name for info in found.models]
        assert all(names), "a model has no name"
        assert len(set(names)) == len(names), "a model is listed twice"
        assert all(info.window is None or (type(info.window) is int and info.window > 0) for info in found.models)
        return
    assert found.problem.strip(), "there is no reason"
    assert not JARGON.search(found.problem), found.problem
    assert KEY not in found.problem
    assert len(found.problem) < 500
    assert found.models == ()


def sending(vendor: Vendor, listed: JSON, shown: JSON = SHOWN) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.send(json.dumps(shown if exchange.path == "/api/show" else listed))


def bodies() -> Iterator[Any]:
    for text in ("", "null", "[]", "{}", "5", "true", '"hello"', "NaN", '{"data": [', "[" * 100_000, '{"a":' * 50_000):
        yield pytest.param(text, id=text[:12] or "nothing")
    values: tuple[JSON, ...] = (None, 5, "x", {}, [None], [5], ["x"], [[]], [{}], {"a": 1})
    for value in values:
        told = json.dumps(value)
        yield pytest.param(
            f'{{"object": "list", "data": {told}, "models": {told}, "has_more": false}}', id=f"data {told}"
        )
    called: tuple[JSON, ...] = (None, 5, "", [], {}, True, "x" * 100_000, "a\x1b[31mb\nc", "\ud800")
    for name in called:
        told = json.dumps(name)
        one = f'{{"id": {told}, "model": {told}, "name": {told}, "type": "model"}}'
        yield pytest.param(f'{{"data": [{one}, {one}], "models": [{one}, {one}]}}', id=f"called {told[:12]}")


@each_vendor
@pytest.mark.parametrize("body", list(bodies()))
def test_a_list_of_another_form_is_told_in_words(vendor: Vendor, body: str, listing: Listing) -> None:
    check(listing(vendor, lambda exchange: exchange.send(json.dumps(SHOWN) if exchange.path == "/api/show" else body)))


@pytest.mark.parametrize("body", list(bodies()))
def test_what_ollama_shows_of_a_model_in_another_form_is_told_in_words(body: str, listing: Listing) -> None:
    vendor = VENDORS["ollama"]
    check(listing(vendor, lambda e: e.send(body if e.path == "/api/show" else json.dumps(vendor.listed))))


@each_vendor
@pytest.mark.parametrize("case", [name for name in CASES if name not in ("silence", "slow drip")])
def test_a_server_that_goes_wrong_over_its_list_is_told_in_words(vendor: Vendor, case: str, listing: Listing) -> None:
    behave: Case = CASES[case]
    found = listing(vendor, lambda exchange: behave(vendor, exchange))
    check(found)
    assert found.problem is not None


#: JSON in the place of JSON: what is there becomes this, or is gone (...).
REPLACEMENTS = st.one_of(
    st.just(...),
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.none() | st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none() | st.integers(), max_size=3),
)


def places(value: JSON, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def replaced(value: JSON, path: tuple[Any, ...], by: object) -> JSON:
    if not path:
        return None if by is ... else by
    changed = copy.deepcopy(value)
    at = changed
    for key in path[:-1]:
        at = at[key]
    if by is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = by
    return changed


@each_vendor
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_list_with_any_part_of_another_type_is_told_in_words(
    vendor: Vendor, data: st.DataObject, listing: Listing
) -> None:
    about = data.draw(st.sampled_from(("list", "show") if vendor.name == "ollama" else ("list",)))
    good = vendor.listed if about == "list" else SHOWN
    path = data.draw(st.sampled_from(list(places(good))))
    changed = replaced(good, path, data.draw(REPLACEMENTS))
    check(
        listing(
            vendor,
            sending(vendor, changed if about == "list" else vendor.listed, changed if about == "show" else SHOWN),
        )
    )


def test_a_service_whose_list_has_no_end_is_not_asked_for_ever(listing: Listing) -> None:
    vendor = VENDORS["anthropic"]
    asked: list[str] = []

    def page(exchange: Exchange) -> None:
        asked.append(exchange.path)
        one = {"type": "model", "id": f"m-{len(asked)}", "display_name": "M", "created_at": "2026-10-01T00:00:00Z"}
        exchange.send({"data": [one], "has_more": True, "first_id": one["id"], "last_id": one["id"]})

    found = listing(vendor, page)
    check(found)
    assert len(asked) <= 20
    assert len(found.models) == len(asked)


@pytest.mark.parametrize("case", ["500", "unknown model", "hangs up at once", "200, a page", "200, nothing"])
def test_a_model_that_ollama_cannot_show_hides_neither_itself_nor_the_others(case: str, listing: Listing) -> None:
    vendor = VENDORS["ollama"]

    def behave(exchange: Exchange) -> None:
        if exchange.path != "/api/show":
            exchange.send(json.dumps(vendor.listed))
        elif exchange.received.json["model"].startswith("llama"):
            CASES[case](vendor, exchange)
        else:
            exchange.send(json.dumps(SHOWN))

    found = listing(vendor, behave)

    assert found.problem is None
    assert [(info.name, info.window) for info in found.models] == [("llama3.2:latest", None), ("qwen3:4b", 131_072)]
