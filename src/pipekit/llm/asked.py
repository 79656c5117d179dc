"""What a model was asked, in a form that can be compared, kept and looked up, in this process or another one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from pipekit.llm.prompts import normalised
from pipekit.serde import JSON, encode

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["Asked"]


@frozen(kw_only=True)
class Asked:
    """A question: ``messages`` as (role, text), delimiters made alike; ``model`` is provider/model.

    ``server`` tells models of the same name on several servers apart.
    """

    task: str
    model: str
    messages: tuple[tuple[str, str], ...]
    schema: JSON
    temperature: float | None = None
    server: str = ""

    @classmethod
    def of(
        cls,
        task: str,
        model: str,
        messages: Sequence[BaseMessage],
        schema: JSON | None,
        temperature: float | None,
        *,
        server: str = "",
        shape: str = "",
    ) -> Asked:
        """The question behind LangChain's messages, without the ``shape`` that some models have to be told in words."""
        texts = [(str(message.type), str(message.text).removesuffix(shape)) for message in messages]
        told = tuple((role, normalised(text)) for role, text in texts)
        return cls(task=task, model=model, messages=told, schema=schema, temperature=temperature, server=server)

    @property
    def digest(self) -> str:
        """The same for equal questions to the same model with the same parameters."""
        return self._digest([self.model, self.temperature, self.server])

    @property
    def digest_for_any_model(self) -> str:
        """The same for equal questions, whichever model is asked, and how."""
        return self._digest([])

    def _digest(self, more: Sequence[JSON]) -> str:
        asked = [self.task, [list(pair) for pair in self.messages], self.schema, *more]
        return hashlib.sha256(encode(asked)).hexdigest()
