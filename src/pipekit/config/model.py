"""The settings of the core, with their defaults. What belongs to plugins stays raw until its class is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen

from pipekit.config.structuring import COMPUTED
from pipekit.config.tree import NO_BLOCK, Block

__all__ = [
    "BudgetSettings",
    "LLMSettings",
    "LimitSettings",
    "ModelSettings",
    "OutputSettings",
    "PluginSettings",
    "RetrySettings",
    "RunSettings",
    "Settings",
    "StepBlock",
]


def _positive(_: object, __: object, value: Any) -> None:
    if value is not None and value <= 0:
        raise ValueError("it must be greater than 0")


def _at_least_zero(_: object, __: object, value: Any) -> None:
    if value is not None and value < 0:
        raise ValueError("it must not be negative")


def _share(_: object, __: object, value: Any) -> None:
    if value is not None and not 0 <= value <= 1:
        raise ValueError("it must lie between 0 and 1")


def _temperature(_: object, __: object, value: Any) -> None:
    if value is not None and not 0 <= value <= 2:
        raise ValueError("it must lie between 0 and 2")


def _is_on(value: bool | Literal["on", "off"]) -> bool:
    return value in (True, "on")


@frozen(kw_only=True)
class RetrySettings:
    """How often a failed call is tried again: ``attempts`` at one model in all.

    Between them lie up to ``wait`` seconds, twice as much each time and at most ``max_wait``, or what the server asks
    for. ``total`` seconds bound one question, all models and attempts together.
    """

    attempts: int = field(default=4, validator=_positive)
    wait: float = field(default=1.0, validator=_at_least_zero)
    max_wait: float = field(default=60.0, validator=_at_least_zero)
    total: float = field(default=600.0, validator=_positive)


@frozen(kw_only=True)
class LimitSettings:
    """What an account of a provider gets, shared by all runs of a process.

    ``concurrency`` calls at a time, and ``per_minute`` calls a minute where that is set.
    """

    concurrency: int = field(default=32, validator=_positive)
    per_minute: float | None = field(default=None, validator=_positive)


@frozen(kw_only=True)
class ModelSettings:
    """What you know of a model better than its provider: it holds before what the provider and pipekit doctor say.

    ``window`` in tokens; ``methods`` to get an answer of a given shape (json_schema, function_calling, json_mode or
    text), the best first; prices in US dollars a million tokens, ``cached_price`` for those that the vendor had kept.
    """

    window: int | None = field(default=None, validator=_positive)
    methods: tuple[Literal["json_schema", "function_calling", "json_mode", "text"], ...] = ()
    input_price: float | None = field(default=None, validator=_at_least_zero)
    output_price: float | None = field(default=None, validator=_at_least_zero)
    cached_price: float | None = field(default=None, validator=_at_least_zero)


@frozen(kw_only=True)
class BudgetSettings:
    """The most that may be spent on models, None without a bound: ``usd``, ``tokens`` in and out, ``calls``."""

    usd: float | None = field(default=None, validator=_positive)
    tokens: int | None = field(default=None, validator=_positive)
    calls: int | None = field(default=None, validator=_positive)


@frozen(kw_only=True)
class LLMSettings:
    """How models are asked; ``providers`` holds each provider's own settings, raw.

    ``timeout`` is seconds for one call and ``max_tokens`` bounds an answer. The models of ``fallback`` are asked when
    the step's own gives nothing of use; with another ``strategy`` than ``cascade`` all of them stand in its order. An
    answer of the wrong shape is sent back ``repairs`` times. With ``cache`` equal questions are answered from earlier
    runs; ``record`` names a file that every question and its reply is added to, ``prompts`` the folder of the project's
    own prompts, both relative to the configuration's folder. ``limits`` holds a block for each provider, ``models`` one
    for each provider/model. ``budget`` bounds what a run spends, in all its attempts, ``daily_budget`` what all
    runs of the store spend on a day (UTC): a run that reaches one is paused. `Configuration.model` says which model
    ``provider`` and ``model`` mean.
    """

    provider: str | None = None
    model: str | None = None
    temperature: float | None = field(default=None, validator=_temperature)
    timeout: float = field(default=120.0, validator=_positive)
    max_tokens: int | None = field(default=None, validator=_positive)
    fallback: tuple[str, ...] = ()
    strategy: Literal["cascade", "cheapest-first", "round-robin"] = "cascade"
    retry: RetrySettings = RetrySettings()
    repairs: int = field(default=1, validator=_at_least_zero)
    # Everywhere else `on` is text, as in YAML 1.2; this one is spoken of as a switch, and `llm.cache: on` looks right.
    cache: bool | Literal["on", "off"] = field(default=False, converter=_is_on)
    record: str | None = None
    prompts: str = "prompts"
    budget: BudgetSettings = BudgetSettings()
    daily_budget: BudgetSettings = BudgetSettings()
    limits: Mapping[str, LimitSettings] = field(factory=dict)
    models: Mapping[str, ModelSettings] = field(factory=dict)
    providers: Block = NO_BLOCK


@frozen(kw_only=True)
class OutputSettings:
    """Where outputs go besides the run's own folder, and the settings of each output format, raw.

    ``dir`` is relative to the folder of the configuration; ``include_raw`` adds what models said, word for word,
    as ``raw-replies.jsonl``.
    """

    dir: str | None = None
    include_raw: bool = False
    formats: Block = NO_BLOCK


@frozen(kw_only=True)
class PluginSettings:
    """Which plugins are loaded: ``block`` and, where given, only ``allow``; ``off`` leaves the built-ins alone.

    ``local`` names files of the project that are plugins, relative to the configuration's folder; ``strict`` makes a
    plugin that had to be set aside an error.
    """

    block: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None
    local: tuple[str, ...] = ()
    off: bool = False
    strict: bool = False


@frozen(kw_only=True)
class RunSettings:
    """How a run is carried out.

    ``parallel_steps`` steps at a time, where they don't need each other; ``concurrency`` items of a step at a time,
    and ``max_concurrency`` of the whole run, where one whose model's reply is being kept doesn't count unless only one
    may be; ``timeout`` seconds in which a step must show a sign of life; inputs larger than ``max_input_bytes`` are
    refused.
    """

    parallel_steps: int = field(default=1, validator=_positive)
    concurrency: int = field(default=4, validator=_positive)
    max_concurrency: int = field(default=64, validator=_positive)
    timeout: float = field(default=600.0, validator=_positive)
    max_input_bytes: int = field(default=50_000_000, validator=_positive)


@frozen(kw_only=True)
class StepBlock:
    """What every step's block takes, whatever the step; None means that the block doesn't say.

    ``on_item_error`` says what a failed item of a fanned-out step does: ``fail`` lets the others finish and fails the
    step, ``skip`` goes on without it, as long as ``min_success`` (a share, 0–1) of the items succeed; without a share
    one is enough. An item that was left out because its input is missing counts neither way.
    """

    enabled: bool | None = None
    provider: str | None = None
    model: str | None = None
    concurrency: int | None = field(default=None, validator=_positive)
    timeout: float | None = field(default=None, validator=_positive)
    retry: RetrySettings | None = None
    on_item_error: Literal["fail", "skip"] = "fail"
    min_success: float | None = field(default=None, validator=_share)


@frozen(kw_only=True)
class Settings:
    """What the user wants, merged from all layers.

    ``steps``, ``retrievers``, ``loaders``, ``llm.providers`` and ``output.formats`` hold blocks by name, raw: look one
    up with ``settings.loaders.get("web-vtt")`` and fill its class with `pipekit.config.fill`. ``store`` is the store's
    URL and ``store_block`` its further settings; ``use`` says which step provides an artifact that two could.
    """

    workflow: str = "backlog"
    llm: LLMSettings = LLMSettings()
    steps: Block = NO_BLOCK
    output: OutputSettings = OutputSettings()
    store: str = "file:.pipeline"
    store_block: Block = field(default=NO_BLOCK, metadata=COMPUTED)
    plugins: PluginSettings = PluginSettings()
    use: Mapping[str, str] = field(factory=dict)
    run: RunSettings = RunSettings()
    retrievers: Block = NO_BLOCK
    loaders: Block = NO_BLOCK
    profiles: Block = NO_BLOCK
