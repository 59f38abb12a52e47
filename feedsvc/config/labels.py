"""The table [labels] of config.toml: the words that feeds show."""

import re
from typing import Any

from msgspec.structs import asdict

from feedsvc.config.checks import Problems, read_table, unusable
from feedsvc.config.schema import LabelTexts
from feedsvc.errors import ConfigError
from feedsvc.model import PLACEHOLDERS
from feedsvc.text import plain_text


def read_labels(data: Any) -> LabelTexts:
    """Return the table [labels], with plain texts. Raise ConfigError, also for a text without its placeholder."""
    problems, texts = Problems(), {}
    for name, text in asdict(read_table("labels", LabelTexts, data)).items():
        with problems.collected():
            texts[name] = text if text is None else _read_label(name, text)
    problems.check()
    return LabelTexts(**texts)


def _read_label(name: str, text: str) -> str:
    placeholder = PLACEHOLDERS.get(name)
    if not plain_text(text) or re.findall("{[^{}]*}", text) != ([placeholder] if placeholder else []):
        expected = f"with {placeholder} in it, once" if placeholder else "without a placeholder in braces"
        raise ConfigError(unusable(f"labels.{name}", text, f"some text {expected}"))
    return plain_text(text)
