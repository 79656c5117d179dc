from __future__ import annotations

import pytest

from pipekit.config.environment import OTHER_TOOLS, RESERVED, read_environment

KNOWN = ("workflow", "llm", "steps", "store", "run", "plugins")


def test_two_underscores_go_one_level_down() -> None:
    found = read_environment({"PIPEKIT_STEPS__SCORE_CONFIDENCE__RAG_TOP_K": "5"}, KNOWN)

    value = found.own.at("steps.score-confidence.ragTopK")
    assert value is not None
    assert value.value == 5
    assert str(value.origin) == "PIPEKIT_STEPS__SCORE_CONFIDENCE__RAG_TOP_K"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("false", False),
        ("0.3", 0.3),
        ("[json, markdown]", ["json", "markdown"]),
        ("{provider: ollama}", {"provider": "ollama"}),
        ('"5"', "5"),
        ("file:.pipeline", "file:.pipeline"),
        ("note: this is text", "note: this is text"),
        (" spaced ", "spaced"),
    ],
)
def test_a_value_is_what_it_would_be_in_a_file(text: str, value: object) -> None:
    found = read_environment({"PIPEKIT_STORE": text}, KNOWN)

    assert found.own.plain() == {"store": value}


def test_an_empty_variable_counts_as_not_set() -> None:
    found = read_environment({"PIPEKIT_STORE": "", "LLM_MODEL": " ", "PIPEKIT_PROFILE": ""}, KNOWN)

    assert found.own.plain() == {}
    assert found.other_tools.plain() == {}
    assert found.profile is None


def test_variables_of_other_tools_have_a_layer_of_their_own() -> None:
    environ = {"LLM_PROVIDER": "ollama", "LLM_MODEL": "llama3.2", "OLLAMA_BASE_URL": "http://box:11434"}

    found = read_environment(environ, KNOWN)

    assert found.other_tools.plain() == {
        "llm": {"provider": "ollama", "model": "llama3.2", "providers": {"ollama": {"baseUrl": "http://box:11434"}}}
    }
    assert set(environ) == set(OTHER_TOOLS)


def test_keys_of_services_never_enter_the_tree() -> None:
    found = read_environment({"ANTHROPIC_API_KEY": "sk-canary", "OPENAI_API_KEY": "sk-canary"}, KNOWN)

    assert "canary" not in str(found.own.plain()) + str(found.other_tools.plain())


def test_reserved_names_are_no_settings() -> None:
    found = read_environment(dict.fromkeys(RESERVED, "x"), KNOWN)

    assert found.own.plain() == {}
    assert (found.config, found.profile, found.faults, found.warnings) == ("x", "x", (), ())


@pytest.mark.parametrize(("text", "is_off"), [("1", True), ("0", False), ("true", True)])
def test_plugins_are_switched_off_by_one_short_name(text: str, is_off: bool) -> None:
    assert read_environment({"PIPEKIT_PLUGINS_OFF": text}, KNOWN).own.plain() == {"plugins": {"off": is_off}}


def test_a_stray_variable_is_passed_over_with_a_warning() -> None:
    found = read_environment({"PIPEKIT_PORT_8080_TCP": "tcp://10.0.0.1"}, KNOWN)

    assert found.own.plain() == {}
    assert found.warnings == ("PIPEKIT_PORT_8080_TCP is not a setting of pipekit and was passed over",)


def test_a_misspelt_variable_stays_so_that_it_can_be_reported() -> None:
    assert read_environment({"PIPEKIT_WORKFLOWW": "w"}, KNOWN).own.plain() == {"workfloww": "w"}


def test_one_setting_under_two_names_is_a_fault() -> None:
    found = read_environment({"PIPEKIT_RUN__MAX_INPUT_BYTES": "1", "PIPEKIT_RUN__MAXINPUTBYTES": "2"}, KNOWN)

    (fault,) = found.faults
    assert fault.where == "PIPEKIT_RUN__MAX_INPUT_BYTES"
    assert fault.message.endswith("(it is the same as maxinputbytes), first at PIPEKIT_RUN__MAXINPUTBYTES")


def test_a_setting_and_a_part_of_it_cannot_both_be_given() -> None:
    found = read_environment({"PIPEKIT_STORE": "x", "PIPEKIT_STORE__URL": "y"}, KNOWN)

    assert [str(one) for one in found.faults] == [
        "PIPEKIT_STORE__URL: store.url is set, and store as a whole by PIPEKIT_STORE"
    ]


@pytest.mark.parametrize("name", ["PIPEKIT_", "PIPEKIT___", "PIPEKIT_LLM__", "PIPEKIT_LLM____MODEL"])
def test_a_name_with_an_empty_part_is_a_fault(name: str) -> None:
    assert [one.where for one in read_environment({name: "x"}, KNOWN).faults] == [name]


def test_broken_brackets_are_a_fault_that_names_the_variable() -> None:
    found = read_environment({"PIPEKIT_STORE": "[a, b"}, KNOWN)

    assert [str(one) for one in found.faults] == ["PIPEKIT_STORE: a bracket is opened and not closed"]


def test_a_variable_of_blanks_counts_as_not_set() -> None:
    assert read_environment({"PIPEKIT_STORE": "  ", "PIPEKIT_PLUGINS_OFF": " "}, KNOWN).own.plain() == {}


def test_a_variable_of_another_tool_is_text_whatever_it_begins_with() -> None:
    found = read_environment({"LLM_MODEL": "[half", "OLLAMA_BASE_URL": '"quoted"'}, KNOWN)
    assert found.other_tools.plain() == {"llm": {"model": "[half", "providers": {"ollama": {"baseUrl": '"quoted"'}}}}


@pytest.mark.parametrize("text", ["0", "1"])
def test_a_one_is_a_number_everywhere_but_in_the_switch_for_plugins(text: str) -> None:
    found = read_environment({"PIPEKIT_STORE": text, "PIPEKIT_PLUGINS_OFF": text}, KNOWN).own.plain()
    assert repr(found) == repr({"plugins": {"off": text == "1"}, "store": int(text)})
