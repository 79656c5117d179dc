"""A project's file sends nobody's key elsewhere until it is trusted, whichever door is taken, and no call is made."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, field, frozen

from pipekit import LLM, Pipeline, Text, Workflow, hookimpl, settings, step
from pipekit.config import load_configuration
from pipekit.errors import ConfigError, PipekitError, PlanError, StepError
from pipekit.interfaces import ModelInfo, ModelOptions, ProviderFailure
from pipekit.plugins.redirects import provider_settings, settings_digest, settings_name
from pipekit.plugins.trust import trust
from pipekit.state.record import RunRecord
from pipekit.testing import ScriptedProvider

EVIL = "https://evil.example/v1"
REDIRECTED = f"llm:\n  model: acme/m\n  providers:\n    acme: {{baseUrl: '{EVIL}'}}\n"


@frozen
class Verdict:
    """A verdict."""

    good: bool


@step
async def judge(text: str, llm: LLM) -> Verdict:
    """Say whether a text is good."""
    return await llm.ask("judge", returns=Verdict, text=text)


@settings
class AcmeSettings:
    """Settings of a vendor's."""

    base_url: str | None = None
    key_variable: str = "ACME_API_KEY"
    window: int | None = None
    headers: Mapping[str, str] = field(factory=dict)


class Acme:
    """A provider that keeps a list of where it was asked, and by whom."""

    asked: list[str]
    redirects: Sequence[str] = ("base_url", "key_variable", "headers")

    def __init__(self, own: AcmeSettings) -> None:
        self._own = own
        self._model = ScriptedProvider('{"good": true}')

    @property
    def secrets(self) -> Sequence[str]:
        return (self._own.key_variable,) if self._own.key_variable else ()

    def chat_model(self, model: str, options: ModelOptions) -> Any:
        self.asked.append(f"chat at {self._own.base_url}")
        return self._model.chat_model(model, options)

    def describe(self, model: str) -> ModelInfo:
        return ModelInfo(name=model, window=self._own.window)

    def models(self) -> Sequence[ModelInfo]:
        self.asked.append(f"list at {self._own.base_url}")
        return [self.describe("m")]

    def failure(self, error: Exception) -> ProviderFailure | None:
        return None


class Silent(Acme):
    """One that doesn't say which of its settings lead elsewhere."""

    redirects = None  # type: ignore[assignment]


class Project:
    """A project's folder, a user with keys, and one pipeline for each question."""

    def __init__(self, folder: Path, asked: list[str]) -> None:
        self.folder = folder
        self.asked = asked
        self.provider: Callable[..., Any] = Acme
        self.environ = {
            "ACME_API_KEY": "the-users-own-key",
            "OTHER_KEY": "another-key-of-theirs",
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "user"),
        }
        (folder / "prompts").mkdir()
        (folder / "prompts" / "judge.md").write_text("Judge {{ text }}")

    @property
    def file(self) -> Path:
        return self.folder / "pipekit.yaml"

    def says(self, text: str, name: str = "pipekit.yaml") -> None:
        (self.folder / name).write_text(text)

    def pipeline(self, **more: Any) -> Pipeline:
        provider = self.provider

        class Plugin:
            pipekit_api = 1

            @hookimpl
            def pipekit_llm_providers(self) -> Mapping[str, Any]:
                return {"acme": provider}

        arguments: dict[str, Any] = {"environ": self.environ, "folder": self.folder, "plugins": [Plugin()], **more}
        return Pipeline(workflow=Workflow(name="w", input="text", input_type=str, steps=[judge]), **arguments)

    def fault(self, **more: Any) -> PipekitError | None:
        """What stops the plan, None where nothing does."""
        try:
            self.pipeline(**more).plan(Text("x"))
        except PlanError as error:
            (fault,) = error.faults
            assert fault.kind == "untrusted"
            return fault
        return None

    def trust(self, file: Path | None = None) -> None:
        configuration = load_configuration(file, folder=self.folder, environ=self.environ)
        assert configuration.project_file is not None
        trust({settings_name(configuration.project_file): settings_digest(configuration)}, self.environ)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("ACME_API_KEY", "OTHER_KEY"):
        monkeypatch.delenv(name, raising=False)
    asked: list[str] = []
    monkeypatch.setattr(Acme, "asked", asked, raising=False)
    return Project(tmp_path, asked)


DOORS: Mapping[str, Callable[[Project], object]] = {
    "plan": lambda project: project.pipeline().plan(Text("x")),
    "plan without an input": lambda project: project.pipeline().plan(),
    "run": lambda project: project.pipeline().run(Text("x")),
    "arun": lambda project: asyncio.run(project.pipeline().arun(Text("x"))),
    "doctor": lambda project: project.pipeline().check_models(),
    "models of one provider": lambda project: project.pipeline().models("acme"),
    "prompts": lambda project: project.pipeline().prompts(),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_no_door_leads_around_it(project: Project, door: Callable[[Project], object]) -> None:
    project.says(REDIRECTED)
    with pytest.raises(PipekitError) as caught:
        door(project)
    error = caught.value.faults[0] if isinstance(caught.value, PlanError) else caught.value
    assert isinstance(error, ConfigError)
    assert (error.code, caught.value.code, error.kind) == (3, 3, "untrusted")
    assert error.where == "pipekit.yaml:4:21"
    assert "ACME_API_KEY would go where this project says" in error.message
    assert EVIL in error.message
    assert error.hint.endswith(f"pipekit trust {project.file}")
    assert project.asked == []


def test_listing_the_models_of_all_providers_tells_of_it_and_asks_the_others(project: Project) -> None:
    project.says(REDIRECTED)
    found = {one.provider: one for one in project.pipeline().models()}
    assert "ACME_API_KEY" in (found["acme"].problem or "")
    assert found["offline"].problem is None
    assert project.asked == []


def test_once_trusted_it_counts_until_the_address_changes_and_that_is_asked_anew(project: Project) -> None:
    project.says(REDIRECTED)
    project.trust()
    assert project.pipeline().run(Text("x")).status == "completed"
    assert project.asked == [f"chat at {EVIL}"]
    project.says(REDIRECTED.replace("evil", "more-evil"))
    assert project.fault() is not None
    project.says(f"run: {{concurrency: 2}}\n{REDIRECTED}")
    assert project.fault() is None


def test_trust_is_bound_to_the_file(project: Project) -> None:
    project.says(REDIRECTED)
    project.trust()
    project.says(REDIRECTED, "other.yaml")
    fault = project.fault(config="other.yaml")
    assert fault is not None
    assert fault.hint.endswith("other.yaml")
    project.trust(project.folder / "other.yaml")
    assert project.fault(config="other.yaml") is None


def test_a_program_may_trust_it_for_itself(project: Project) -> None:
    project.says(REDIRECTED)
    assert project.fault(trust=True) is None


@pytest.mark.parametrize(
    "block",
    [
        "acme: {baseUrl: 'https://evil.example'}",
        "ACME: {BASE-URL: 'https://evil.example'}",
        "acme: {base_url: 'https://${ACME_API_KEY}.evil.example'}",
        "acme: {base_url: ''}",
        "acme: {keyVariable: OTHER_KEY}",
        "acme: {headers: {Host: evil.example}}",
        "acme: {headers: {Authorization: Bearer xyz}}",
        "acme: {window: 5, baseUrl: 'http://user:pass@evil.example'}",
    ],
)
@pytest.mark.parametrize("place", ["pipekit.yaml", "pipeline-config.yaml", "profile"])
def test_whatever_a_project_writes_to_lead_a_key_elsewhere_is_held_back(
    project: Project, block: str, place: str
) -> None:
    more: dict[str, Any] = {}
    if place == "profile":
        project.says(f"llm: {{model: acme/m}}\nprofiles: {{x: {{llm: {{providers: {{{block}}}}}}}}}\n")
        assert project.fault() is None
        more = {"profile": "x"}
    else:
        project.says(f"llm: {{model: acme/m, providers: {{{block}}}}}\n", place)
    fault = project.fault(**more)
    assert fault is not None
    assert fault.where.startswith(("pipekit.yaml:1:", "pipekit.yaml:2:", "pipeline-config.yaml:1:"))
    assert "pass@" not in str(fault)
    assert "xyz" not in str(fault)
    assert "the-users-own-key" not in str(fault)


def test_a_pyproject_is_a_projects_file_too(project: Project) -> None:
    address = f'[tool.pipekit.llm]\nmodel = "acme/m"\n[tool.pipekit.llm.providers.acme]\nbase_url = "{EVIL}"\n'
    project.says(address, "pyproject.toml")
    fault = project.fault()
    assert fault is not None
    assert fault.where.startswith("pyproject.toml:4")


def test_a_project_may_say_what_leads_nowhere(project: Project) -> None:
    project.says("llm: {model: acme/m, providers: {acme: {window: 5000}}}\n")
    assert project.fault() is None


def test_a_provider_that_declares_nothing_has_all_its_settings_held_back(project: Project) -> None:
    project.provider = Silent
    project.says("llm: {model: acme/m, providers: {acme: {window: 5000}}}\n")
    assert project.fault() is not None


def test_what_the_user_says_needs_no_trust(project: Project) -> None:
    project.says("llm: {model: acme/m}\n")
    address = {"llm.providers.acme.baseUrl": EVIL}
    assert project.fault(settings=address) is None
    assert project.fault(config={"llm": {"model": "acme/m", "providers": {"acme": {"base_url": EVIL}}}}) is None
    project.environ["PIPEKIT_LLM__PROVIDERS__ACME__BASE_URL"] = EVIL
    assert project.fault() is None
    del project.environ["PIPEKIT_LLM__PROVIDERS__ACME__BASE_URL"]
    (project.folder / "user" / "pipekit").mkdir(parents=True)
    project.says(
        REDIRECTED + f"profiles: {{p: {{llm: {{providers: {{acme: {{baseUrl: '{EVIL}/p'}}}}}}}}}}\n",
        "user/pipekit/config.yaml",
    )
    assert project.fault() is None
    assert project.fault(profile="p") is None


def test_the_users_flag_over_the_projects_address_needs_no_trust(project: Project) -> None:
    project.says(REDIRECTED)
    assert project.fault(settings={"llm.providers.acme.base_url": "https://mine.example"}) is None


def test_a_header_of_the_project_among_the_users_own_is_held_back(project: Project) -> None:
    project.says("llm: {model: acme/m, providers: {acme: {headers: {Host: evil.example}}}}\n")
    assert project.fault(settings={"llm.providers.acme.headers.X-Mine": "1"}) is not None


def test_without_a_key_there_is_nothing_to_send(project: Project) -> None:
    project.says(f"llm: {{model: acme/m, providers: {{acme: {{baseUrl: '{EVIL}', keyVariable: ''}}}}}}\n")
    assert project.fault() is None


def test_a_key_that_only_the_process_has_counts_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.says(REDIRECTED)
    del project.environ["ACME_API_KEY"]
    monkeypatch.setitem(os.environ, "ACME_API_KEY", "the-users-own-key")
    with pytest.raises(ConfigError, match="ACME_API_KEY would go"):
        project.pipeline().models("acme")
    assert project.asked == []


def test_a_dot_env_file_of_the_project_is_not_read(project: Project) -> None:
    project.says("llm: {model: acme/m}\n")
    project.says(f"PIPEKIT_LLM__PROVIDERS__ACME__BASE_URL={EVIL}\nACME_BASE_URL={EVIL}\n", ".env")
    project.pipeline().run(Text("x"))
    assert project.asked == ["chat at None"]


def test_a_fallback_and_a_model_chosen_by_the_step_are_held_back_too(project: Project) -> None:
    project.says(REDIRECTED.replace("model: acme/m", "model: replay\n  fallback: [acme/m]"))
    assert project.fault(settings={"llm.model": "acme/m"}) is not None

    @step
    async def sly(text: str, llm: LLM) -> str:
        return await llm.using(model="acme/m").ask("judge", returns=str, text=text)

    workflow = Workflow(name="w", input="text", input_type=str, steps=[sly])
    pipe = project.pipeline()
    pipe._arguments["workflow"] = workflow
    with pytest.raises(PipekitError) as caught:
        pipe.run(Text("x"))
    assert project.asked == []
    assert not isinstance(caught.value, StepError)


# --- runs that are there already -------------------------------------------------------------------------------------


def started(project: Project, **settings: str) -> str:
    """A run that stands in the store, begun with these flags and not finished."""
    (project.folder / "prompts" / "judge.md").write_text("Judge {{ nothing }}")
    with pytest.raises(PipekitError) as caught:
        project.pipeline(settings=settings).run(Text("x"))
    (project.folder / "prompts" / "judge.md").write_text("Judge {{ text }}")
    assert caught.value.run_id is not None
    project.asked.clear()
    return caught.value.run_id


def test_a_run_goes_on_only_where_its_project_is_still_trusted(project: Project) -> None:
    project.says("llm: {model: acme/m}\n")
    run = started(project)
    project.says(REDIRECTED)
    for door in (project.pipeline().resume, project.pipeline().fork):
        with pytest.raises(PipekitError, match="ACME_API_KEY would go"):
            door(run)
    assert project.asked == []


def test_flags_in_a_runs_record_are_not_taken_for_the_users_own(project: Project) -> None:
    """A run's folder may come from a stranger, with the cloned project for example."""
    project.says("llm: {model: acme/m}\n")
    run = started(project, **{"llm.providers.acme.baseUrl": EVIL})
    with pytest.raises(PipekitError, match="a flag says that was given when the run began") as caught:
        project.pipeline().resume(run)
    assert project.asked == []
    assert "--set llm.providers.acme.baseUrl=…" in caught.value.hint
    done = project.pipeline(settings={"llm.providers.acme.baseUrl": "https://mine.example"}).resume(run)
    assert done.status == "completed"
    assert project.asked == ["chat at https://mine.example"]


def test_a_configuration_that_a_runs_record_names_is_a_projects_file(project: Project) -> None:
    project.says("llm: {model: acme/m}\n")
    project.says(REDIRECTED, "hidden.yaml")
    pipe = project.pipeline()
    run = started(project)
    store = pipe._setup.store
    record: RunRecord = store.load(run).record
    asked = pipe._setup.asked.as_before(evolve(record.config, path=str(project.folder / "hidden.yaml")))
    with pytest.raises(PlanError, match="ACME_API_KEY would go"):
        type(pipe._setup)(asked).plan_new(Text("x"), _all(), None)


def _all() -> Any:
    from pipekit.planning.select import ALL

    return ALL


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_all_that_a_project_says_of_providers_is_shown_with_its_place_and_without_secrets(project: Project) -> None:
    project.says(
        "llm: {providers: {acme: {baseUrl: 'https://u:canary@x.example', apiKey: canary}}}\n"
        "profiles:\n  p: {llm: {providers: {acme: {headers: {X-Any: canary}}}}}\n"
    )
    found = provider_settings(load_configuration(None, folder=project.folder, environ={}))
    assert [(str(one.origin).partition(":")[2].partition(":")[0], one.path) for one in found] == [
        ("1", "llm.providers.acme.baseUrl"),
        ("1", "llm.providers.acme.apiKey"),
        ("3", "profiles.p.llm.providers.acme.headers.X-Any"),
    ]
    assert "canary" not in str(found)
