"""The commands: a static list, so that help costs no import, and each command's module loaded when it is called."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import click

from pipekit import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from pipekit.errors import PipekitError
    from pipekit.plugins.quarantine import PluginInfo

__all__ = ["BUILTIN_COMMANDS", "COMMANDS", "SingleCommand", "SubGroup", "pipekit_group"]

#: Name → where the command is, and its line in the help. The order is that of the help.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("pipekit.cli.run:run", "Run the workflow on one or more inputs, or go on with a run."),
    "resume": ("pipekit.cli.run:resume", "Go on with a run."),
    "plan": ("pipekit.cli.plan:plan", "Check everything and show what would run, without running it."),
    "list": ("pipekit.cli.runs:list_runs", "List the runs, newest first."),
    "show": ("pipekit.cli.show:show", "Show a run, one of its steps, or all about one item."),
    "cost": ("pipekit.cli.cost:cost", "Tell what was spent on models, by step and by model."),
    "review": ("pipekit.cli.review:review", "Ask in the terminal what a run asks, and go on with it."),
    "answer": ("pipekit.cli.answer:answer", "Answer what a run asks from a file, and go on with it."),
    "edit": ("pipekit.cli.edit:edit", "Correct an item of a run in an editor, and make again what depends on it."),
    "eval": ("pipekit.cli.eval:evaluate", "Run the workflow over inputs with known answers, and measure it."),
    "diff": ("pipekit.cli.diff:diff", "Compare two runs by what they say."),
    "open": ("pipekit.cli.runs:open_run", "Open the report or the summary of a run."),
    "repair": ("pipekit.cli.repair:repair", "Look for damage in a run, and go on from what is intact."),
    "prune": ("pipekit.cli.prune:prune", "Remove old completed runs."),
    "runs": ("pipekit.cli.copy:runs", "Copy runs into another store."),
    "format": ("pipekit.cli.runs:format_run", "Write the outputs of a run again from what is kept."),
    "index": ("pipekit.cli.index:index", "Collect the past, in an index that runs search."),
    "models": ("pipekit.cli.models:models", "List the models that can be had."),
    "doctor": ("pipekit.cli.models:doctor", "Ask every configured model one tiny thing, and say what works."),
    "prompts": ("pipekit.cli.prompts:prompts", "Look at the prompts, and lay the project's own over them."),
    "plugins": ("pipekit.cli.plugins:plugins", "List the installed plugins, what they give and how they are."),
    "plugin": ("pipekit.cli.plugin:plugin", "Write a package of one's own: a step, a provider, a format, …"),
    "config": ("pipekit.cli.config:config", "Show the configuration in force, or write a first one."),
    "trust": ("pipekit.cli.trust:trust", "Allow a project's own steps to run on this machine."),
    "completion": ("pipekit.cli.completion:completion", "Print the shell completion script for bash, zsh or fish."),
}

#: Commands that built-in plugins give by the hook, as anybody's may: the plugin, and the help for listings, which load
#: no plugin.
BUILTIN_COMMANDS: Mapping[str, tuple[str, str]] = {
    "dor": ("backlog", "Write the team's Definition of Ready and scoring, or show what holds."),
}

#: Where a call remembers the plugin whose command it is.
_PLUGIN = "pipekit.plugin"

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _output_options() -> list[click.Parameter]:
    # Both are read from the arguments before they are parsed (see pipekit.cli.exits), so that a usage error is
    # given in the right form, too; here they are only declared.
    return [
        click.Option(["--json"], is_flag=True, expose_value=False, help="Print one JSON document and nothing else."),
        click.Option(["--debug"], is_flag=True, expose_value=False, help="Show tracebacks."),
    ]


class _Helped(click.Command):
    """Its help is a document, too, with ``--json``."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _help
        return option


class SingleCommand(_Helped):
    """A command of pipekit's own: takes ``--json`` and ``--debug``."""

    def __init__(self, *args: object, **attrs: object) -> None:
        super().__init__(*args, **attrs)  # type: ignore[arg-type]
        self.params.extend(_output_options())
        self.context_settings = {**_CONTEXT, **self.context_settings}

    def invoke(self, ctx: click.Context) -> object:
        """Carry it out; an error offers commands that look where this one looked."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            # Here and not at the edge, where nobody knows the options of this call any more.
            _look_here(error)
            raise


class SubGroup(_Helped, click.Group):
    """A command with commands below it, of the same kind."""

    command_class = SingleCommand

    def __init__(self, *args: object, **attrs: object) -> None:
        super().__init__(*args, **attrs)  # type: ignore[arg-type]
        self.params.extend(_output_options())
        self.context_settings = {**_CONTEXT, **self.context_settings}


class _LazyGroup(SubGroup):
    """The commands of the table above, and those of plugins for a name that isn't there."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [*COMMANDS, *BUILTIN_COMMANDS, *_plugin_commands()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module, _, attribute = COMMANDS[cmd_name][0].partition(":")
            command = getattr(import_module(module), attribute)
            assert isinstance(command, click.Command)
            return command
        if cmd_name in BUILTIN_COMMANDS:
            from pipekit.plugins.commands import builtin_command

            return builtin_command(BUILTIN_COMMANDS[cmd_name][0], cmd_name)
        if cmd_name.startswith("-") or ctx.resilient_parsing:
            return None
        from pipekit.plugins.commands import find_plugin_command

        found = find_plugin_command(cmd_name, own=list(_own_commands()))
        if found is None:
            return None
        ctx.meta[_PLUGIN] = found.plugin
        return found.command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            plugin = ctx.meta.get(_PLUGIN)
            if plugin is None:
                raise
            raise _of_plugin(error, plugin, ctx.invoked_subcommand) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            # The one above knows no names: they are in the table.
            raise click.NoSuchCommand(error.command_name, possibilities=self.list_commands(ctx), ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_own_commands().items()))
        others = _plugin_commands()
        if others:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(sorted(others.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        from click.shell_completion import CompletionItem

        known = {**_own_commands(), **_plugin_commands()}
        return [CompletionItem(name, help=text) for name, text in known.items() if name.startswith(incomplete)]


def _look_here(error: Exception) -> None:
    """The commands that an error offers get the flags with which this call looked for its runs."""
    from pipekit.cli.exits import AnsweredError
    from pipekit.cli.offers import looking_here
    from pipekit.cli.telling import next_lines
    from pipekit.errors import PipekitError

    told = error.error if isinstance(error, AnsweredError) else error
    if isinstance(told, PipekitError):
        offered = "\n".join(next_lines(told))
        there = looking_here(offered)
        if there != offered:
            told.hint = there


def _of_plugin(error: Exception, plugin: PluginInfo, command: str | None) -> PipekitError:
    """What went wrong in a plugin's own command, as its plugin's; an error that it raised to be understood stays."""
    from pipekit.errors import PipekitError
    from pipekit.plugins.calling import blamed

    if isinstance(error, PipekitError):
        return error
    return blamed(
        error,
        f"the command {command}",
        plugin,
        hook="pipekit_commands",
        kind="command",
        hint="its author has to mend this; --debug shows where it was raised",
    )


def _own_commands() -> Mapping[str, str]:
    """The commands that come with pipekit, with their help."""
    return {name: text for name, (_, text) in (*COMMANDS.items(), *BUILTIN_COMMANDS.items())}


def _plugin_commands() -> Mapping[str, str]:
    """The commands of plugins with their help, from a file kept for this: no entry point is read."""
    from pipekit.plugins.commands import cached_plugin_commands

    return cached_plugin_commands(os.environ)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        _answer(ctx, f"pipekit {__version__}", {"version": __version__})
        ctx.exit()


def _help(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        _answer(ctx, ctx.get_help(), {"command": ctx.command_path, "help": ctx.get_help()})
        ctx.exit()


def _answer(ctx: click.Context, text: str, document: Mapping[str, object]) -> None:
    """Text for people, which costs no import, or one document."""
    if getattr(ctx.obj, "json", False):
        from pipekit.cli.terminal import print_json

        print_json(document)
    else:
        click.echo(text)


@click.group(cls=_LazyGroup, invoke_without_command=True)
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="The version."
)
@click.pass_context
def pipekit_group(ctx: click.Context) -> None:
    """Run pipelines of LLM steps whose finished work is never lost and never paid for twice.

    The first run needs no configuration, no key and no model:

    \b
        pipekit run MEETING.txt
        pipekit show last
    """  # noqa: D301 - click's own mark for text that keeps its lines
    if ctx.invoked_subcommand is None:
        commands = {**_own_commands(), **_plugin_commands()}
        _answer(ctx, ctx.get_help(), {"version": __version__, "commands": commands})
