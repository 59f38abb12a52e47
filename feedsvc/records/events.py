"""The events of libyaml that make up values, in classes that take a fraction of the time of PyYAML's own to make.

PyYAML's binding of libyaml finds its classes of events by name whenever it makes one, and its own are Python code: a
third of the time that reading YAML takes. These have the same fields in the same order.
"""

from typing import Any

from msgspec import Struct
from yaml import _yaml


class _Event(Struct, gc=False):
    """As no event is part of a cycle, the garbage collector needn't know of it."""


class ScalarEvent(_Event):
    anchor: str | None
    tag: str | None
    #: Whether the tag can be left out where the scalar is plain, and where it is quoted.
    implicit: tuple[bool, bool]
    value: str
    start_mark: Any
    end_mark: Any
    #: The quotes; empty if it has none.
    style: str


class _StartEvent(_Event):
    anchor: str | None
    tag: str | None
    implicit: bool
    start_mark: Any
    end_mark: Any
    flow_style: bool | None


class MappingStartEvent(_StartEvent):
    pass


class SequenceStartEvent(_StartEvent):
    pass


class _EndEvent(_Event):
    start_mark: Any
    end_mark: Any


class MappingEndEvent(_EndEvent):
    pass


class SequenceEndEvent(_EndEvent):
    pass


for _event in (ScalarEvent, MappingStartEvent, SequenceStartEvent, MappingEndEvent, SequenceEndEvent):
    setattr(_yaml, _event.__name__, _event)
