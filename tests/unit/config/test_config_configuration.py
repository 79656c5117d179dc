from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipekit.config.configuration import Configuration, load_configuration
from pipekit.config.layers import Override
from pipekit.config.model import Settings
from pipekit.config.steps import resolve_step_blocks
from pipekit.errors import ConfigError

Load = Callable[..., Configuration]
DATA = Path(__file__).parents[2] / "data" / "config"
NAMES = {f"step{number}": f"step{number}" for number in range(1, 9)}


def _model(configuration: Configuration) -> str | None:
    return None if configuration.model is None else str(configuration.model.reference)


def _messages(configuration: Configuration) -> list[str]:
    return [str(one) for one in configuration.faults]


@pytest.mark.parametrize(
    ("name", "profile"), [("pipekit.yaml", None), ("pipekit.yaml", "fast"), ("pipeline-config.yaml", None)]
)
def test_the_known_files_load_without_a_fault(tmp_path: Path, name: str, profile: str | None) -> None:
    shutil.copy(DATA / name, tmp_path / name)

    configuration = load_configuration(None, folder=tmp_path, environ={}, profile=profile)
    steps, faults = resolve_step_blocks(configuration, NAMES)

    assert _messages(configuration) + faults == []
    assert _model(configuration) == "ollama/llama3.2"
    assert configuration.settings.llm.temperature == 0.7
    assert configuration.settings.output.dir == "./output"
    assert steps["step3"].model is not None
    assert steps["step3"].model.reference.provider == "anthropic"
    assert (steps["step4"].core.enabled is False) == (profile == "fast")
    assert configuration.files == (tmp_path / name,)
    assert configuration.folder == tmp_path


@pytest.mark.parametrize("text", [None, "", "# nothing yet\n", "llm:\nsteps:\nprofiles:\n"])
def test_everything_has_a_default(load: Load, text: str | None) -> None:
    configuration = load(text)

    assert configuration.faults == ()
    assert _model(configuration) == "offline"
    assert configuration.settings.store == "file:.pipeline"
    assert configuration.settings.run == Settings().run
    assert str(configuration.origin("run.maxInputBytes")) == "default"


def test_keys_in_the_environment_choose_no_model(load: Load) -> None:
    assert _model(load(environ={"ANTHROPIC_API_KEY": "sk-x", "OPENAI_API_KEY": "sk-y"})) == "offline"


def test_each_layer_wins_over_the_one_below(tmp_path: Path) -> None:
    home = tmp_path / "home" / ".config" / "pipekit"
    home.mkdir(parents=True)
    project = tmp_path / "project"
    project.mkdir()
    text = "run: {concurrency: 1, parallelSteps: 1, timeout: 1, maxInputBytes: 1}\n"
    (home / "config.yaml").write_text(text + "workflow: mine\nprofiles: {fast: {output: {dir: theirs}}}\n")
    (project / "pipekit.yaml").write_text(
        "run: {parallelSteps: 2, timeout: 2, maxInputBytes: 2}\n"
        "profiles: {fast: {run: {timeout: 3, maxInputBytes: 3}, output: {includeRaw: true}}}\n"
    )
    environ = {"HOME": str(tmp_path / "home"), "PIPEKIT_RUN__MAX_INPUT_BYTES": "4", "PIPEKIT_STORE": "a"}

    configuration = load_configuration(
        None, folder=project, environ=environ, profile="fast", overrides=[Override.parse("store=b")]
    )

    settings = configuration.settings
    assert configuration.faults == ()
    assert settings.workflow == "mine"
    assert (settings.run.concurrency, settings.run.parallel_steps) == (1, 2)
    assert (settings.run.timeout, settings.run.max_input_bytes) == (3.0, 4)
    assert (settings.output.dir, settings.output.include_raw) == ("theirs", True)
    assert settings.store == "b"
    layers = {key: configuration.origin(key).layer for key in ("workflow", "run.parallelSteps", "run.timeout", "store")}
    assert layers == {"workflow": "user", "run.parallelSteps": "project", "run.timeout": "profile", "store": "flag"}
    assert str(configuration.origin("run.timeout")) == "pipekit.yaml:2:34"
    assert configuration.files == (home / "config.yaml", project / "pipekit.yaml")


def test_a_named_file_replaces_the_projects_file_and_not_the_users(tmp_path: Path) -> None:
    home = tmp_path / ".config" / "pipekit"
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("workflow: mine\n")
    (tmp_path / "pipekit.yaml").write_text("store: project\nbroken: [\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "other.yaml").write_text("store: other\n")
    environ = {"HOME": str(tmp_path)}

    by_argument = load_configuration("sub/other.yaml", folder=tmp_path, environ=environ)
    by_variable = load_configuration(None, folder=tmp_path, environ={**environ, "PIPEKIT_CONFIG": "sub/other.yaml"})

    for configuration in (by_argument, by_variable):
        assert configuration.settings.store == "other"
        assert configuration.settings.workflow == "mine"
        assert configuration.folder == tmp_path / "sub"
        assert configuration.path("out") == tmp_path / "sub" / "out"
        assert str(configuration.origin("store")) == "sub/other.yaml:1:8"


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^none.yaml: there is no such file"):
        load_configuration("none.yaml", folder=tmp_path, environ={})


def test_a_mapping_stands_in_the_place_of_every_file(tmp_path: Path) -> None:
    home = tmp_path / ".config" / "pipekit"
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("workflow: mine\n")
    (tmp_path / "pipekit.yaml").write_text("broken: [\n")

    for mapping in ({}, {"run": {"parallel_steps": 2}}):
        configuration = load_configuration(mapping, folder=tmp_path, environ={"HOME": str(tmp_path)})

        assert configuration.faults == ()
        assert configuration.files == ()
        assert configuration.settings.workflow == "backlog"
        assert configuration.settings.run.parallel_steps == (2 if mapping else 1)


def test_a_fault_in_a_mapping_names_its_field(tmp_path: Path) -> None:
    configuration = load_configuration({"run": {"timeout": "long"}}, folder=tmp_path, environ={})

    assert _messages(configuration) == ['the given mapping: run.timeout must be a number, not the text "long"']


def test_all_faults_are_collected_each_with_its_place(load: Load) -> None:
    configuration = load(
        "llm: {provder: ollama, temperature: hot}\nstpes: {}\nrun:\n  timeout: .nan\nuse: [a]\nworkflow: good\n",
        environ={"PIPEKIT_RUN__PARALLEL_STEPS": "true"},
        overrides=(Override.parse("output.includeRaw=maybe"),),
        profile="fsat",
    )

    assert sorted(_messages(configuration)) == sorted(
        [
            "--profile fsat: there is no profile fsat",
            "pipekit.yaml:2:1: there is no setting stpes",
            "pipekit.yaml:1:7: there is no setting llm.provder",
            'pipekit.yaml:1:37: llm.temperature must be a number, not the text "hot"',
            "pipekit.yaml:4:12: run.timeout must be a finite number, not nan",
            "PIPEKIT_RUN__PARALLEL_STEPS: run.parallelSteps must be a whole number, not true",
            '--set output.includeRaw: output.includeRaw must be true or false, not the text "maybe"',
            "pipekit.yaml:5:6: use must be a mapping, not a list",
        ]
    )
    assert all(one.hint for one in configuration.faults)
    assert configuration.settings.workflow == "good"
    assert configuration.settings.run == Settings().run


@pytest.mark.parametrize(
    ("written", "is_on"),
    [("on", True), ("off", False), ("true", True), ("false", False), ('"on"', True), ("ON", None), ("yes", None)],
)
def test_the_cache_is_switched_on_and_off_in_these_words(load: Load, written: str, is_on: bool | None) -> None:
    """Everywhere else ``on`` is text, as YAML 1.2 has it; of a switch that is called so nobody means a text."""
    of_file = load(f"llm: {{cache: {written}}}\n")
    of_flag = load(overrides=(Override.parse(f"llm.cache={written}"),))
    of_environment = load(environ={"PIPEKIT_LLM__CACHE": written})

    for configuration in (of_file, of_flag, of_environment):
        if is_on is None:
            (fault,) = configuration.faults
            assert "llm.cache must be true or false or on or off, not the text" in str(fault)
        elif written != '"on"' or configuration is of_file:
            assert configuration.faults == ()
            assert configuration.settings.llm.cache is is_on
    assert load("output: {includeRaw: on}\n").faults


def test_an_unknown_profile_lists_the_known_ones(load: Load) -> None:
    (fault,) = load("profiles: {quick: {}, thorough: {}}\n", environ={"PIPEKIT_PROFILE": "nightly"}).faults

    assert str(fault) == "PIPEKIT_PROFILE nightly: there is no profile nightly"
    assert fault.hint == "known: quick, thorough"


def test_a_profile_that_is_not_in_use_is_checked_as_well(load: Load) -> None:
    configuration = load(
        "profiles:\n  a: {run: {timeout: x}}\n  b: 5\n"
        "  c: {profiles: {d: {}}}\n  e:\n  f: {store: {url: x, wal: true}}\n"
    )

    assert _messages(configuration) == [
        'pipekit.yaml:2:22: profiles.a.run.timeout must be a number, not the text "x"',
        "pipekit.yaml:3:6: profiles.b must be a mapping, not 5",
        "pipekit.yaml:4:7: profiles.c can't hold profiles",
    ]


def test_a_chosen_profile_reports_its_fault_once(load: Load) -> None:
    configuration = load("profiles:\n  a: {run: {timeout: x}}\n", profile="a")

    assert _messages(configuration) == ['pipekit.yaml:2:22: run.timeout must be a number, not the text "x"']


def test_a_store_may_have_settings_of_its_own(load: Load) -> None:
    plain = load("store: sqlite:runs.db\n").settings
    block = load("store: {url: 'sqlite:runs.db', wal: true}\n").settings
    nothing = load("store: {wal: true}\n").settings

    assert (plain.store, plain.store_block.plain()) == ("sqlite:runs.db", {})
    assert (block.store, block.store_block.plain()) == ("sqlite:runs.db", {"wal": True})
    assert (nothing.store, nothing.store_block.plain()) == ("file:.pipeline", {"wal": True})


def test_a_computed_field_is_no_setting(load: Load) -> None:
    assert _messages(load("storeBlock: {}\n")) == ["pipekit.yaml:1:1: there is no setting storeBlock"]


def test_our_variables_win_over_those_of_other_tools(load: Load) -> None:
    environ = {"LLM_PROVIDER": "ollama", "LLM_MODEL": "a", "PIPEKIT_LLM__MODEL": "anthropic/b"}

    configuration = load("llm: {provider: openai, model: c}\n", environ=environ)

    assert _model(configuration) == "anthropic/b"
    assert str(configuration.model and configuration.model.origin) == "PIPEKIT_LLM__MODEL"
    assert configuration.default_provider == "ollama"


def test_a_provider_from_the_environment_needs_its_model(load: Load) -> None:
    configuration = load("llm: {provider: openai, model: c}\n", environ={"LLM_PROVIDER": "ollama"})

    assert configuration.model is None
    assert _messages(configuration) == [
        "LLM_PROVIDER: llm.provider is ollama, but the model set at pipekit.yaml:1:32 belongs elsewhere, openai/c"
    ]


def test_the_model_of_the_command_line_settles_everything(load: Load) -> None:
    unclear = load(environ={"LLM_PROVIDER": "ollama"}, overrides=(Override.model("offline"),))
    bare = load("llm: {provider: ollama, model: a}\n", overrides=(Override.model("b"),))

    assert (unclear.faults, _model(unclear)) == ((), "offline")
    assert (bare.faults, _model(bare)) == ((), "ollama/b")


def test_a_bare_model_on_the_command_line_without_a_provider_is_a_fault(load: Load) -> None:
    configuration = load(overrides=(Override.model("llama3.2"),))

    assert configuration.model is None
    assert _messages(configuration) == ["--model: llm.model names a model and no provider, 'llama3.2'"]


def test_fallbacks_are_references_and_never_the_reserved_names(load: Load) -> None:
    good = load("llm: {model: ollama/a, fallback: [b, anthropic/c]}\n")
    bad = load("llm: {model: ollama/a, fallback: [offline, x/]}\n")
    offline = load("llm: {model: ollama/a, fallback: [b]}\n", overrides=(Override.model("offline"),))

    assert [str(one.reference) for one in good.fallback] == ["ollama/b", "anthropic/c"]
    assert _messages(bad) == [
        "pipekit.yaml:1:35: llm.fallback[0] can't be offline, which stands alone",
        "pipekit.yaml:1:44: llm.fallback[1] must be provider/model, not 'x/'",
    ]
    assert offline.fallback == ()


def test_a_workflows_defaults_lie_below_everything(load: Load) -> None:
    configuration = load("steps: {step4: {ragTopK: 3}}\n")

    laid = configuration.over({"steps": {"step4": {"ragTopK": 9, "ragThreshold": 0.1}}}, "workflow backlog")

    steps, faults = resolve_step_blocks(laid, NAMES)
    assert (laid.faults, faults) == ((), [])
    assert steps["step4"].node.plain() == {"ragTopK": 3, "ragThreshold": 0.1}
    assert str(steps["step4"].origin("ragThreshold")) == "workflow backlog"
    assert configuration.over({}, "workflow backlog") is configuration


def test_a_fault_is_reported_once_after_a_workflows_defaults(load: Load) -> None:
    configuration = load("run: {timeout: x}\nprofiles: {}\n", profile="a").over({"run": {"concurrency": 2}}, "w")

    assert len(configuration.faults) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"llm: [",
        b"a: 1\na: 2\n",
        b"a: !!python/object/apply:os.system ['true']\n",
        "llm: {}".encode("utf-16"),
        b"# " + b"x" * 2_000_000,
        b"[" * 10_000,
        b"\x00\x01\x02",
        b"- a\n",
    ],
    ids=["broken", "twice", "tag", "utf-16", "2-mb", "deep", "binary", "list"],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(load: Load, content: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        load(content)

    assert caught.value.code == 3
    assert caught.value.where.startswith("pipekit.yaml")
    assert caught.value.hint


def test_overrides_may_be_repeated_and_the_last_one_counts(load: Load) -> None:
    overrides = tuple(
        map(Override.parse, ("run.timeout=1", "run.timeout=2", "store={url: a}", "store=b", "store.url=c"))
    )

    configuration = load(overrides=overrides)

    assert configuration.faults == ()
    assert configuration.settings.run.timeout == 2.0
    assert configuration.settings.store == "c"


def test_an_override_with_an_open_bracket_is_a_fault_at_its_flag(load: Load) -> None:
    assert _messages(load(overrides=(Override.parse("steps.step8.formats=[json"),))) == [
        "--set steps.step8.formats: a bracket is opened and not closed"
    ]


def test_a_flag_or_a_variable_deeper_than_any_setting_is_a_fault(load: Load) -> None:
    flag = Override.parse("a." * 3000 + "b=1")
    loaded = load("", environ={"PIPEKIT_" + "A__" * 3000 + "B": "1"}, overrides=(flag,))

    assert [one.source for one in loaded.faults] == ["environment", "flag"]
    assert all("deeper than 40 levels" in one.message for one in loaded.faults)


def _calls(work: Callable[[], object]) -> int:
    """How many functions are called: a measure of work that is the same on every machine."""
    count = 0

    def told(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(told)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("wrong", [lambda keys: keys, lambda keys: {"llm": keys}, lambda keys: {"use": keys}])
def test_the_work_for_unknown_keys_grows_with_their_number_and_no_faster(
    tmp_path: Path, wrong: Callable[[object], dict[str, object]]
) -> None:
    def load(number: int) -> Configuration:
        keys = {f"key{one}": 1 for one in range(number)}
        return load_configuration(wrong(keys), folder=tmp_path, environ={})

    load(1)
    few, many = (_calls(lambda number=number: load(number)) for number in (100, 400))  # type: ignore[misc]
    assert len(load(400).faults) == 400
    assert many < 5 * few


def test_unknown_keys_beside_a_wrong_group_hide_no_other_group(load: Load) -> None:
    configuration = load("nosuch: 1\nrun: {concurrency: many}\nstore: 'memory:'\nllm: {timeout: 7}\n")
    assert len(configuration.faults) == 2
    assert configuration.settings.store == "memory:"
    assert configuration.settings.llm.timeout == 7.0
    assert configuration.settings.run == Settings().run


def test_what_is_given_now_goes_before_variables(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(
            f"profiles: {{one: {{store: '{name}:one'}}, two: {{store: '{name}:two'}}}}"
        )
    environ = {"PIPEKIT_CONFIG": "a.yaml", "PIPEKIT_PROFILE": "one"}
    by_variables = load_configuration(None, folder=tmp_path, environ=environ)
    given = load_configuration("b.yaml", folder=tmp_path, environ=environ, profile="two")
    assert by_variables.settings.store == "a:one"
    assert given.settings.store == "b:two"


def test_a_profile_that_was_chosen_and_is_no_mapping_is_told_once(load: Load) -> None:
    assert _messages(load("profiles:\n  quick: 5\n", profile="quick")) == [
        "pipekit.yaml:2:10: profiles.quick must be a mapping, not 5"
    ]


def test_the_other_profiles_hold_with_variables_and_flags_above_them_and_without_the_chosen_one(load: Load) -> None:
    configuration = load(
        "store: file\nprofiles:\n  Quick-one: {store: quick, workflow: quick}\n"
        "  slow: {store: slow, run: {concurrency: 2, timeout: 3}}\n",
        profile="quick_one",
        environ={"PIPEKIT_RUN__CONCURRENCY": "7"},
        overrides=(Override.parse("run.timeout=9"),),
    )
    ((name, other),) = configuration.other_profiles()
    assert (name, other.profile) == ("slow", "slow")
    assert other.settings.store == "slow"
    assert other.settings.workflow == "backlog"
    assert (other.settings.run.concurrency, other.settings.run.timeout) == (7, 9.0)


@pytest.mark.parametrize(
    ("text", "models", "said"),
    [
        ("llm: {model: 5}\n", [], "pipekit.yaml:1:14: llm.model must be text, not 5"),
        ("llm: {provider: 5, model: a}\n", [], "pipekit.yaml:1:17: llm.provider must be text, not 5"),
        ("llm: {provider: ollama}\n", ["a/"], "--model: llm.model must be provider/model, not 'a/'"),
    ],
)
def test_one_mistake_in_a_model_is_one_fault(load: Load, text: str, models: list[str], said: str) -> None:
    configuration = load(text, overrides=tuple(map(Override.model, models)))
    assert _messages(configuration) == [said]


def test_of_several_models_on_the_command_line_the_last_holds_and_no_setting_is_changed(load: Load) -> None:
    configuration = load("llm: {model: a/b}\n", overrides=(Override.model("c/d"), Override.model("e/f")))
    assert _model(configuration) == "e/f"
    assert configuration.settings.llm.model == "a/b"
    assert str(configuration.origin("llm.model")) == "pipekit.yaml:1:14"


def test_a_wrong_group_hides_no_other_however_that_is_spelled(load: Load) -> None:
    configuration = load("run: {concurrency: many}\nLLM: {timeout: 7}\n")
    assert len(configuration.faults) == 1
    assert configuration.settings.llm.timeout == 7.0
