"""Load what the user wants: find the files, lay the layers over each other, fill the settings, collect the faults."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import evolve, frozen

from pipekit.config.discovery import find_project_file, find_user_file, read_file, shown_path
from pipekit.config.environment import FromEnvironment, parse_text, read_environment
from pipekit.config.explaining import Explained, explain
from pipekit.config.faults import fault, suggestion
from pipekit.config.keys import fold_key
from pipekit.config.layers import Assignment, Override, assigned, merge
from pipekit.config.model import Settings
from pipekit.config.origin import DEFAULT, Layer, Origin
from pipekit.config.references import OFFLINE, ModelChoice, choose_model, parse_reference
from pipekit.config.secret_settings import secret_values
from pipekit.config.structuring import field_names, fill
from pipekit.config.tree import EMPTY, NO_BLOCK, Block, Node, from_plain
from pipekit.errors import ConfigError
from pipekit.secrecy import remember, secrets_in

__all__ = ["Configuration", "load_configuration"]


@frozen(kw_only=True)
class Configuration:
    """What the user wants, with the origin of every value and everything that is wrong with it.

    ``project_file`` is the one of the ``files`` that a project brings, or that was named in its place.
    ``layers`` are the trees that were laid over each other, lowest first, and ``tree`` is the result. ``folder`` is
    what relative paths of the configuration start from: the folder of the project's file, else the given one.
    ``model`` is the default model (None where it is faulty), ``model_for_all`` the one given by ``--model``, which
    holds for every step, and ``default_provider`` what a bare model name belongs to. With faults ``settings`` holds the
    defaults in the place of what could not be taken.
    """

    settings: Settings
    tree: Node
    layers: tuple[Node, ...]
    folder: Path
    files: tuple[Path, ...] = ()
    project_file: Path | None = None
    profile: str | None = None
    model: ModelChoice | None = OFFLINE
    model_for_all: ModelChoice | None = None
    fallback: tuple[ModelChoice, ...] = ()
    default_provider: str | None = None
    faults: tuple[ConfigError, ...] = ()
    warnings: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    found: tuple[ConfigError, ...] = ()

    def __repr__(self) -> str:
        files = ", ".join(map(str, self.files)) or "no file"
        return f"<Configuration: {files}, {len(self.faults)} faults>"

    def origin(self, path: str) -> Origin:
        """Where the value at a dotted path was set; the defaults where it was not."""
        node = self.tree.at(path)
        return DEFAULT if node is None else node.origin

    def is_users(self, origin: Origin) -> bool:
        """Whether the user, or the program, said what has this origin, and not the project or a run's record.

        A profile counts as the file that it stands in.
        """
        if origin.layer == "run":
            return False
        project = next((layer for layer in self.layers if layer.origin.layer == "project"), None)
        return project is None or origin.file is None or origin.file != project.origin.file

    def path(self, relative: str) -> Path:
        """A path of the configuration, taken from its folder."""
        return self.folder / relative

    @property
    def prompts(self) -> Path:
        """The folder of the project's own prompts; it may be missing."""
        return self.path(self.settings.llm.prompts)

    def over(self, defaults: Mapping[str, object], label: str) -> Configuration:
        """The same configuration laid over a workflow's defaults; ``label`` names the workflow in messages."""
        if not defaults:
            return self
        lowest = from_plain(defaults, Origin("default", label))
        return _assembled(evolve(self, layers=(lowest, *self.layers)))

    def other_profiles(self) -> Iterator[tuple[str, Configuration]]:
        """Each profile that isn't chosen, with the configuration that would hold with it."""
        files = [layer for layer in self.layers if layer.origin.layer not in ("profile", "environment", "flag")]
        above = [layer for layer in self.layers if layer.origin.layer in ("environment", "flag")]
        chosen = None if self.profile is None else fold_key(self.profile)
        for entry in (self.tree.get("profiles") or EMPTY).entries:
            if fold_key(entry.name) != chosen:
                layers, _ = _profile_layers(files, entry.name, "--profile")
                other = evolve(self, layers=(*files, *layers, *above), profile=entry.name)
                # What is wrong in the profiles besides it is found once, in this configuration.
                yield entry.name, _assembled(other, with_profiles=False)

    def explain(self) -> list[Explained]:
        """Every effective value with its dotted path and origin; what looks like a secret is masked."""
        return explain(self.tree)


def load_configuration(
    config: str | os.PathLike[str] | Mapping[str, object] | None = None,
    *,
    folder: Path,
    environ: Mapping[str, str],
    profile: str | None = None,
    overrides: Sequence[Override] = (),
) -> Configuration:
    """Load the configuration that holds in a folder.

    ``config`` None looks for the project's file in ``folder`` and above and reads the user's own; a path is read in
    the place of the project's file; a mapping, also an empty one, stands in the place of every file. Environment
    variables and ``overrides`` (flags) are laid over all of them.

    What can't be read at all is raised as ConfigError at once; everything else that is wrong is in ``faults``.
    """
    folder = Path.cwd() / folder
    from_environment = read_environment(environ, field_names(Settings))
    sources = _read_sources(config, folder, environ, from_environment)
    chosen = profile or from_environment.profile
    profiles, faults = _profile_layers(sources.trees, chosen, "--profile" if profile else "PIPEKIT_PROFILE")
    flags, wrong = _flags(overrides)
    layers = (*sources.trees, *profiles, from_environment.other_tools, from_environment.own, flags)
    # Errors of whoever uses these values will quote them; from here on no message does.
    remember(secrets_in(environ))
    remember(secret for layer in layers for secret in secret_values(layer.plain()))
    loaded = Configuration(
        settings=Settings(),
        tree=EMPTY,
        layers=tuple(layers),
        folder=sources.folder,
        files=sources.files,
        project_file=sources.project,
        profile=chosen,
        warnings=(*sources.warnings, *from_environment.warnings),
        overrides=tuple(overrides),
        found=(*faults, *from_environment.faults, *wrong),
    )
    return _assembled(loaded)


def _assembled(configuration: Configuration, *, with_profiles: bool = True) -> Configuration:
    """Merge the layers and find out what they say, and what is wrong in the profiles that aren't chosen."""
    tree = merge(configuration.layers)
    faults = list(configuration.found)
    settings, wrong = _fill_settings(tree)
    faults.extend(wrong)
    if with_profiles:
        faults.extend(_faults_of_profiles(tree, configuration.profile))
    blocks = [layer.get("llm") or EMPTY for layer in configuration.layers]
    model, provider, unclear = choose_model((block for block in blocks if block.is_mapping), "llm")
    for_all, refused = _for_all(configuration.overrides, provider)
    # A reference on the command line settles what the files leave unclear.
    already = {one.field for one in wrong}
    faults.extend(one for one in unclear if for_all is None and not refused and one.field not in already)
    faults.extend(refused)
    fallback, spoiled = _fallback(settings, tree, provider)
    faults.extend(spoiled)
    chosen = for_all or (model if model is not None or unclear or refused else OFFLINE)
    return evolve(
        configuration,
        tree=tree,
        settings=settings,
        model=chosen,
        model_for_all=for_all,
        fallback=() if chosen is not None and chosen.reference.stands_alone else fallback,
        default_provider=provider,
        faults=tuple(faults),
    )


@frozen
class _Sources:
    trees: tuple[Node, ...]
    folder: Path
    files: tuple[Path, ...] = ()
    project: Path | None = None
    warnings: tuple[str, ...] = ()


def _read_sources(
    config: str | os.PathLike[str] | Mapping[str, object] | None,
    folder: Path,
    environ: Mapping[str, str],
    from_environment: FromEnvironment,
) -> _Sources:
    if isinstance(config, Mapping):
        return _Sources((from_plain(config, Origin("mapping", "the given mapping")),), folder)
    named = config if config is not None else from_environment.config
    warnings: tuple[str, ...] = ()
    if named is not None:
        project: Path | None = folder / os.fspath(named)
    else:
        found = find_project_file(folder)
        project, warnings = found.path, found.warnings
        if project is not None and project.is_fifo():
            # One that is named may be a pipe, as a shell makes of <(…); nobody writes to one that lies about.
            origin = Origin("project", file=shown_path(project, folder))
            raise fault("is a named pipe, not a file", origin, hint="remove it, or name another with --config")
    files: list[tuple[Path, Layer]] = []
    user = find_user_file(environ)
    if user is not None:
        files.append((user, "user"))
    if project is not None:
        files.append((project, "project"))
    trees = tuple(read_file(path, layer, folder) for path, layer in files)
    paths = tuple(path for path, _ in files)
    return _Sources(trees, folder if project is None else project.parent, paths, project, warnings)


def _profile_layers(trees: Iterable[Node], profile: str | None, asked_by: str) -> tuple[list[Node], list[ConfigError]]:
    if profile is None:
        return [], []
    known: list[str] = []
    layers: list[Node] = []
    for tree in trees:
        profiles = tree.get("profiles") or EMPTY
        known.extend(entry.name for entry in profiles.entries)
        found = profiles.get(profile)
        if found is not None:
            layers.append(Node({}, found.origin) if found.value is None else found.in_layer("profile"))
    if layers:
        return [layer for layer in layers if layer.is_mapping], []
    hint = suggestion(profile, known) if known else "no profile is defined; add one below `profiles:`"
    place = Origin("flag" if asked_by.startswith("--") else "environment", f"{asked_by} {profile}".strip())
    return [], [fault(f"there is no profile {profile}", place, field=f"profiles.{profile}", hint=hint)]


def _flags(overrides: Sequence[Override]) -> tuple[Node, list[ConfigError]]:
    faults: list[ConfigError] = []
    assignments: list[Assignment] = []
    for one in overrides:
        if one.for_all_steps:
            continue
        origin = Origin("run" if one.is_kept else "flag", one.label)
        try:
            assignments.append(Assignment(one.path, parse_text(one.text, origin), origin))
        except ConfigError as error:
            faults.append(error)
    tree, wrong = assigned(assignments, "flag", last_wins=True)
    return tree, [*faults, *wrong]


def _fill_settings(tree: Node) -> tuple[Settings, list[ConfigError]]:
    """The settings, with defaults for every group that has a fault, so that the plan can look for more."""
    tree, store_block = _split_store(tree)
    settings, faults = fill(Settings, tree)
    if settings is None:
        known = {fold_key(name) for name in field_names(Settings)}
        alone = [tree.only(entry.name) for entry in tree.entries if fold_key(entry.name) in known]
        settings, _ = fill(Settings, merge(one for one in alone if not fill(Settings, one)[1]))
    return evolve(settings or Settings(), store_block=store_block), faults


def _split_store(tree: Node) -> tuple[Node, Block]:
    """A store with settings of its own is a mapping with its URL among them: the URL, and the rest apart."""
    store = tree.get("store")
    if store is None or not store.is_mapping:
        return tree, NO_BLOCK
    url = store.entry("url")
    return tree.without("store").plus(() if url is None else (evolve(url, name="store"),)), Block(store.without("url"))


def _faults_of_profiles(tree: Node, selected: str | None) -> list[ConfigError]:
    """What is wrong in the profiles that are not in use, and in any that tries to hold profiles itself."""
    faults: list[ConfigError] = []
    profiles = tree.get("profiles") or EMPTY
    chosen = None if selected is None else profiles.entry(selected)
    for entry in profiles.entries:
        path = f"profiles.{entry.name}"
        nested = entry.value.entry("profiles")
        if nested is not None:
            where = f"{path}.profiles"
            faults.append(fault(f"{path} can't hold profiles", nested.origin, field=where, hint="move them a level up"))
        if entry is not chosen or not entry.value.is_mapping:
            faults.extend(fill(Settings, _split_store(entry.value.without("profiles"))[0], path)[1])
    return faults


def _for_all(overrides: Sequence[Override], provider: str | None) -> tuple[ModelChoice | None, list[ConfigError]]:
    flags = [one for one in overrides if one.for_all_steps]
    if not flags:
        return None, []
    origin = Origin("flag", flags[-1].label)
    try:
        return ModelChoice(parse_reference(flags[-1].text, provider, origin, flags[-1].path), origin), []
    except ConfigError as error:
        return None, [error]


def _fallback(
    settings: Settings, tree: Node, provider: str | None
) -> tuple[tuple[ModelChoice, ...], list[ConfigError]]:
    nodes = tuple(tree.at("llm.fallback") or ())
    references: list[ModelChoice] = []
    faults: list[ConfigError] = []
    for index, text in enumerate(settings.llm.fallback):
        path = f"llm.fallback[{index}]"
        origin = nodes[index].origin if index < len(nodes) else DEFAULT
        try:
            reference = parse_reference(text, provider, origin, path)
        except ConfigError as error:
            faults.append(error)
            continue
        if reference.stands_alone:
            faults.append(
                fault(
                    f"{path} can't be {reference}, which stands alone",
                    origin,
                    field=path,
                    hint="remove it from the list",
                )
            )
        references.append(ModelChoice(reference, origin))
    return tuple(references), faults
