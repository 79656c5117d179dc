"""``pipekit models`` and ``pipekit doctor``."""

from __future__ import annotations

from typing import Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.options import configured, open_pipeline
from pipekit.cli.terminal import one_line, print_json, print_table, say, talk
from pipekit.quantities import duration_text

__all__ = ["doctor", "models"]


@click.command(cls=SingleCommand)
@click.argument("provider", metavar="[PROVIDER]", required=False)
@configured
def models(provider: str | None, **flags: Any) -> None:
    """List the models that can be had, of one provider or of all that are installed."""
    from pipekit.cli.exits import AnsweredError
    from pipekit.errors import ProviderError
    from pipekit.serde import unstructure

    found = open_pipeline(flags).models(provider)
    document = {"providers": [unstructure(one) for one in found]}
    for one in found if provider else ():
        if one.problem:
            # Of many one may be away; of the only one that was asked for it is the answer.
            error = ProviderError(
                f"{one.provider} lists no models: {one.problem}",
                kind=one.kind or "server",
                provider=one.provider,
                hint="mend that and ask again; pipekit doctor checks the models that are configured",
            )
            raise AnsweredError(error, document)
    if talk().json:
        print_json(document)
        return
    rows = [
        (
            f"{one.provider}/{info.name}" if info.name != one.provider else one.provider,
            info.window,
            ", ".join(info.methods),
            _price(info.input_price, info.output_price),
        )
        for one in found
        for info in one.models
    ]
    print_table(("model", "window", "shaped answers by", "USD per million tokens, in / out"), rows)
    for one in found:
        if one.problem:
            say(f"{one.provider}: {one_line(one.problem)}", err=True)


def _price(into: float | None, out: float | None) -> str | None:
    return None if into is None or out is None else f"{into:g} / {out:g}"


@click.command(cls=SingleCommand)
@configured
def doctor(**flags: Any) -> None:
    """Ask every configured model one tiny thing: is it there, is the key accepted, which way to an answer works.

    What is learnt of a model is kept for later runs.
    """
    from pipekit.cli.exits import AnsweredError
    from pipekit.errors import ProviderError
    from pipekit.serde import unstructure

    checks = open_pipeline(flags).check_models()
    document = {"models": [{**unstructure(check), "isGood": check.is_good} for check in checks]}
    bad = [check for check in checks if not check.is_good]
    if not talk().json:
        _show(checks)
    if bad:
        error = ProviderError(
            f"{len(bad)} of {len(checks)} models can't be used: {', '.join(check.model for check in bad)}",
            kind=bad[0].kind or "server",
            hint=bad[0].hint or "see above; --model offline works without any",
        )
        raise AnsweredError(error, document)
    if talk().json:
        print_json(document)


def _show(checks: Any) -> None:
    if not checks:
        say("no step would ask a model: the model is offline, deterministic rules without any")
        say("name one with --model provider/model, or in the configuration under llm.model")
        return
    rows = [
        (
            check.model,
            "works" if check.is_good else "does not work",
            check.method,
            check.window,
            duration_text(check.seconds) if check.seconds is not None else None,
            ", ".join(check.used_by),
        )
        for check in checks
    ]
    print_table(("model", "state", "shaped answers by", "window", "one call", "used by"), rows)
    for check in checks:
        if check.problem:
            say()
            say(f"{check.model}: {one_line(check.problem)}")
            say(f"  {one_line(check.hint)}")
