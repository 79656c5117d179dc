"""The contract of providers tells good ones from bad ones: each bad one has a single defect, which one test is about.

The good one is the package of docs/extending/llm-providers.md, asked over HTTP on this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import frozen

from .page_packages import failing_tests, package_of_the_page

PROVIDER = "src/pipekit_acme/provider.py"
CHAT = "src/pipekit_acme/chat_model.py"
TESTS = "tests/test_acme.py"


@frozen(kw_only=True)
class Defect:
    """``old`` in a file becomes ``new``, and with that the tests ``caught_by`` fail, and (``alone``) no others."""

    name: str
    file: str = PROVIDER
    old: str
    new: str
    caught_by: set[str]
    alone: bool = True


DEFECTS = [
    Defect(
        name="secrets is the key itself",
        old='    secrets = ("ACME_API_KEY",)\n',
        new='    secrets = property(lambda self: (os.environ.get("ACME_API_KEY", ""),))\n',
        caught_by={"test_secrets_are_names_of_variables"},
    ),
    Defect(
        name="a secret isn't named",
        old='    secrets = ("ACME_API_KEY",)\n',
        new="    secrets = ()\n",
        caught_by={"test_secrets_are_names_of_variables"},
    ),
    Defect(
        name="secrets needs the vendor",
        old='    secrets = ("ACME_API_KEY",)\n',
        new=(
            "    @property\n    def secrets(self):\n        import langchain_core.language_models\n\n"
            '        return ("ACME_API_KEY",)\n'
        ),
        caught_by={"test_secrets_are_told_without_the_vendor"},
    ),
    Defect(
        name="the vendor is imported with the module",
        old="import os\n",
        new="import os\n\nimport pipekit_acme.chat_model\n",
        caught_by={"test_importing_the_provider_loads_no_vendor"},
    ),
    Defect(
        name="a setting that leads the key elsewhere is misspelt",
        old='redirects = ("base_url",)',
        new='redirects = ("base_urls",)',
        caught_by={"test_settings_that_lead_a_key_elsewhere_are_its_own"},
    ),
    Defect(
        name="a missing key is an error that nobody knows",
        old='        key = os.environ.get("ACME_API_KEY", "")\n        if not key',
        new='        key = os.environ["ACME_API_KEY"]\n        if not key',
        caught_by={"test_a_missing_key_is_told"},
    ),
    Defect(
        name="the key stands in the model's repr",
        file=CHAT,
        old="    api_key: SecretStr\n",
        new="    api_key: Any\n\n    def model_post_init(self, context):\n"
        "        self.api_key = type('Key', (str,), {'get_secret_value': str})(self.api_key)\n",
        caught_by={"test_no_representation_holds_a_key"},
    ),
    Defect(
        name="the server's words are repeated with the key",
        old='hidden(error.text, os.environ.get("ACME_API_KEY", ""))',
        new="error.text",
        caught_by={"test_an_error_repeats_no_key"},
    ),
    Defect(
        name="the key is part of the address",
        file=CHAT,
        old="connection.request(method, path,",
        new='connection.request(method, f"{path}?key={key}",',
        caught_by={"test_no_address_holds_a_key"},
    ),
    Defect(
        name="describe asks the server",
        old="    def describe(self, model):\n",
        new=(
            "    def describe(self, model):\n        import contextlib\n\n"
            "        from pipekit_acme.chat_model import ask_acme\n\n"
            "        with contextlib.suppress(Exception):\n"
            '            ask_acme(self._settings.base_url, "", "GET", "/models", timeout=5.0)\n'
        ),
        caught_by={"test_describe_asks_no_network"},
    ),
    Defect(
        name="a window of nothing",
        old='32_000 if model == "large" else None',
        new='32_000 if model == "large" else 0',
        caught_by={"test_an_unknown_model_is_described_too", "test_models_that_can_be_had"},
    ),
    Defect(
        name="a method twice",
        old='methods=("json_schema", "text")',
        new='methods=("json_schema", "text", "text")',
        caught_by={
            "test_what_is_known_of_a_model_makes_sense",
            "test_an_unknown_model_is_described_too",
            "test_models_that_can_be_had",
        },
    ),
    Defect(
        name="a model is listed twice",
        old='for name in found["models"]',
        new='for name in found["models"] * 2',
        caught_by={"test_models_that_can_be_had"},
    ),
    Defect(
        name="the temperature is dropped",
        old="            temperature=options.temperature,\n",
        new="",
        caught_by={"test_the_temperature_is_honoured", "test_two_models_keep_their_own_options"},
    ),
    Defect(
        name="the largest length is dropped",
        old="            max_tokens=options.max_tokens,\n",
        new="",
        caught_by={"test_the_largest_length_of_an_answer_is_honoured", "test_two_models_keep_their_own_options"},
    ),
    Defect(
        name="the time limit is dropped",
        old="            timeout=options.timeout,\n",
        new="",
        caught_by={"test_the_time_limit_is_honoured"},
    ),
    Defect(
        name="the first model is handed over again, whatever the options",
        old="    def chat_model(self, model, options):\n",
        new=(
            "    first = None\n\n    def chat_model(self, model, options):\n"
            "        self.first = self.first or self.another(model, options)\n        return self.first\n\n"
            "    def another(self, model, options):\n"
        ),
        caught_by={"test_two_models_keep_their_own_options", "test_the_temperature_is_honoured"},
    ),
    Defect(
        name="the client tries again by itself",
        file=CHAT,
        old='        told = ask_acme(self.base_url, key, "POST", "/chat", asked, timeout=self.timeout)\n',
        new=(
            "        try:\n"
            '            told = ask_acme(self.base_url, key, "POST", "/chat", asked, timeout=self.timeout)\n'
            "        except AcmeError as error:\n"
            "            if error.status < 500:\n                raise\n"
            '            told = ask_acme(self.base_url, key, "POST", "/chat", asked, timeout=self.timeout)\n'
        ),
        caught_by={"test_the_client_tries_nothing_again"},
    ),
    Defect(
        name="Retry-After is lost",
        old="http_failure(error.status, error.headers,",
        new="http_failure(error.status, {},",
        caught_by={"test_how_long_the_server_asks_to_wait"},
    ),
    Defect(
        name="Retry-After is taken as it stands",
        old="        if isinstance(error, AcmeError) and error.status >= 300:\n",
        new=(
            '        if isinstance(error, AcmeError) and error.status == 429 and "retry-after" in error.headers:\n'
            '            wait = float(error.headers["retry-after"])\n'
            '            return ProviderFailure(kind="rate", message="slow down", retry_after=wait)\n'
            "        if isinstance(error, AcmeError) and error.status >= 300:\n"
        ),
        caught_by={"test_a_wait_that_makes_no_sense_is_none"},
    ),
    Defect(
        name="a wrong key is a fault of the server",
        old="http_failure(error.status, error.headers,",
        new="http_failure(500 if error.status == 401 else error.status, error.headers,",
        caught_by={"test_an_error_of_the_server_has_its_kind", "test_a_list_that_is_refused_is_a_failure"},
    ),
    Defect(
        name="every error is the vendor's",
        old="        return None\n\n    def _key",
        new='        return ProviderFailure(kind="server", message="something is wrong")\n\n    def _key',
        caught_by={"test_an_error_of_somebody_else_is_nobodys"},
    ),
    Defect(
        name="failure reads what not every error has",
        old="        if isinstance(error, TimeoutError):",
        new='        if getattr(error, "response", ...) is None and error.body["code"]:\n            return None\n'
        "        if isinstance(error, TimeoutError):",
        caught_by={"test_no_error_makes_failure_raise"},
    ),
    Defect(
        name="the errors of the connection aren't known",
        old="(ConnectionError, http.client.HTTPException)",
        new="()",
        caught_by={"test_a_line_that_breaks_is_a_failure"},
    ),
    Defect(
        name="an answer that can't be read is a bug",
        file=CHAT,
        old="        raise AcmeError(response.status, {}, text) from error\n",
        new="        raise\n",
        caught_by={"test_an_answer_that_nobody_can_read_is_no_success"},
    ),
    Defect(
        name="the tokens aren't told",
        file=CHAT,
        old="            usage_metadata={",
        new="            additional_kwargs={",
        caught_by={"test_the_tokens_are_told"},
    ),
    Defect(
        name="why the answer ended isn't told",
        file=CHAT,
        old='            response_metadata={"finish_reason": told.get("why", "")},\n',
        new="",
        caught_by={"test_an_answer_that_is_no_success_is_seen_as_such"},
    ),
    Defect(
        name="nothing becomes words",
        file=CHAT,
        old='content=told.get("text", "")',
        new='content=told.get("text") or "no answer"',
        caught_by={"test_an_empty_answer_is_no_success", "test_an_answer_that_nobody_can_read_is_no_success"},
    ),
    Defect(
        name="a redirect is followed with the prompt",
        file=CHAT,
        old="        if response.status >= 300:\n",
        new=(
            '        if response.status in (307, 308) and (to := response.headers.get("location")):\n'
            "            return ask_acme(to, key, method, urlsplit(to).path, body, timeout=timeout)\n"
            "        if response.status >= 300:\n"
        ),
        caught_by={"test_no_prompt_follows_a_redirect"},
    ),
    Defect(
        name="a method adds words of its own",
        file=CHAT,
        old="        def whole(raw):\n",
        new='        def whole(raw):\n            raw = raw.model_copy(update={"content": f"Sure! {raw.content}"})\n',
        caught_by={"test_each_method_gives_the_answer"},
    ),
    Defect(
        name="a model belongs to the event loop that asked it first",
        file=CHAT,
        old='    @property\n    def _llm_type(self):\n        return "acme"\n',
        new=(
            '    loop: Any = None\n\n    @property\n    def _llm_type(self):\n        return "acme"\n\n'
            "    async def _agenerate(self, *arguments, **more):\n        import asyncio\n\n"
            "        self.loop = self.loop or asyncio.get_running_loop()\n"
            "        if asyncio.get_running_loop() is not self.loop:\n"
            '            raise ConnectionError("Event loop is closed")\n'
            "        return await super()._agenerate(*arguments, **more)\n"
        ),
        caught_by={"test_models_answer_in_several_event_loops", "test_two_models_keep_their_own_options"},
    ),
    Defect(
        name="answers are mixed up between threads",
        file=CHAT,
        old='        used = told.get("used", {})\n',
        new=(
            "        import time\n\n        AcmeChat.last = told\n        time.sleep(0.05)\n"
            "        told = AcmeChat.last\n"
            '        used = told.get("used", {})\n'
        ),
        caught_by={"test_models_answer_in_several_event_loops"},
    ),
    Defect(
        name="what is handed over is no chat model",
        old="        return AcmeChat(\n            model=model,",
        new="        from langchain_core.runnables import RunnableLambda\n\n"
        "        return RunnableLambda(lambda words: words) or AcmeChat(\n            model=model,",
        caught_by={"test_it_hands_over_a_chat_model_of_langchain"},
        alone=False,
    ),
    Defect(
        name="the test class overrides a test",
        file=TESTS,
        old="    @pytest.fixture\n    def server(self):\n",
        new="    def test_the_tokens_are_told(self):\n        pass\n\n    @pytest.fixture\n    def server(self):\n",
        caught_by={"test_no_test_of_the_contract_is_overridden_in_silence"},
    ),
    Defect(
        name="the test class skips without a reason",
        file=TESTS,
        old='    model = "large"\n',
        new='    model = "large"\n    skip = {"test_the_tokens_are_told": " "}\n',
        caught_by={"test_no_test_of_the_contract_is_overridden_in_silence"},
    ),
    Defect(
        name="the test class declares an ability that there isn't",
        file=TESTS,
        old='ABILITIES - {"filtered"}',
        new='ABILITIES - {"filtered"} | {"telepathy"}',
        caught_by={"test_what_the_class_declares_makes_sense"},
    ),
]


#: So many are tested in one go: the interpreter's start takes longer than a package's tests.
AT_ONCE = 6
BATCHES = [DEFECTS[at : at + AT_ONCE] for at in range(0, len(DEFECTS), AT_ONCE)]


def package_with(defect: Defect) -> dict[str, str]:
    files = package_of_the_page()
    assert files[defect.file].count(defect.old) == 1, f"the page changed: no place for the defect {defect.name!r}"
    return {**files, defect.file: files[defect.file].replace(defect.old, defect.new)}


@pytest.mark.timeout(600)
def test_the_package_of_the_page_passes(tmp_path: Path) -> None:
    failed, ran = failing_tests([package_of_the_page()], tmp_path)
    assert failed == [set()]
    assert ran > 50


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "defects",
    [pytest.param(batch, marks=() if place < 2 else pytest.mark.thorough) for place, batch in enumerate(BATCHES)],
    ids=lambda defects: f"{defects[0].name} …",
)
def test_a_provider_with_one_defect_is_caught_by_the_test_that_is_about_it(
    defects: Sequence[Defect], tmp_path: Path
) -> None:
    failed, _ = failing_tests([package_with(defect) for defect in defects], tmp_path)

    found = {
        defect.name: tests if defect.alone else tests & defect.caught_by
        for defect, tests in zip(defects, failed, strict=True)
    }
    assert found == {defect.name: defect.caught_by for defect in defects}
