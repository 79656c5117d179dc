"""The commented configuration that `pipekit config init` writes."""

from __future__ import annotations

__all__ = ["template"]

_TEMPLATE = """\
# Configuration of pipekit. Every setting has a default, so each line here may go; what begins with "# " before a
# setting shows how it would be set. Keys are compared without case, "_" and "-": ragTopK and rag_top_k are one.
# `pipekit config show` prints every value in force and where it came from.

# Which steps run, and in which order: a workflow of pipekit's or of a plugin.
workflow: backlog

# The model that steps ask. Without one everything is computed by deterministic rules: offline, no key, no cost.
# Keys are never written here; each provider reads its own from the environment (ANTHROPIC_API_KEY and the like).
llm:
  provider: offline
  # provider: ollama
  # model: llama3.2
  # temperature: 0.7            # 0 to 2; the model's own default where it is left out
  # timeout: 120                # seconds for one call
  # fallback: [ollama/mistral]  # asked in this order when a model can't be reached
  # providers:
  #   ollama: {baseUrl: "http://localhost:11434"}

# One block a step, by number (step4) or by name (enrich-context), but not by both.
# Every block takes enabled, model, concurrency, timeout, retry, onItemError and minSuccess; the rest is its own.
steps:
  # step3: {model: anthropic/claude-sonnet-4-5}  # this step's own model
  step4: {ragTopK: 5, ragThreshold: 0.3}
  # step5: {enabled: false}
  step8: {formats: [json, markdown, summary]}    # also: html (a report to open), csv, github
  # score-confidence: {onItemError: skip}        # go on when one item fails

# Outputs lie with their run; with `dir` they are copied to <dir>/<run id>/ as well. Relative to this file's folder.
output:
  # dir: ./output
  includeRaw: false             # the models' raw replies go along

# Where runs are kept; relative to this file's folder.
store: "file:.pipeline"

run:
  parallelSteps: 1
  concurrency: 4                # items of one step at a time
  maxConcurrency: 64            # items of the whole run at a time
  timeout: 600                  # seconds without a sign of life after which a step counts as hung
  maxInputBytes: 50000000

# plugins:
#   block: [some-plugin]        # installed, and not wanted here
#   local: [steps.py]           # this project's own steps; asks for your trust once

# Which step provides an artifact that two could provide.
# use: {estimates: estimate-points}

# Laid over this file by --profile NAME.
profiles:
  fast:
    steps:
      step4: {enabled: false}
"""


def template() -> str:
    """The text of a pipekit.yaml that says what every setting is for and changes no default."""
    return _TEMPLATE
