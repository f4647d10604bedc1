"""The answer to `suggest`: checks to paste into a model card."""

from __future__ import annotations

from bot.render.blocks import context, cut, escape, section
from storage.messages import Content

TEXT_MOST = 3500
YAML_MOST = 2900


def suggestion(model: str, evaluation: int, yaml: str) -> Content:
    """``yaml`` is the `checks:` of a model card."""
    code = f"```{escape(cut(yaml, YAML_MOST))}```"
    head = f"*Checks for {escape(model)}*, from E-{evaluation}. Put into the model card what you want to be held to:"
    note = "`parley suggest MODEL_CARD` prints the same in a terminal."
    blocks = (section(head), section(code), context(note))
    return Content(text=cut(f"{head}\n{code}\n{note}", TEXT_MOST), blocks=blocks)
