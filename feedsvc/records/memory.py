"""Turns Python objects into the raw values that the same record in a JSON file is read into."""

import json
from collections.abc import Mapping
from datetime import date

from feedsvc.records.values import Fields, Number, Unusable, Value

#: There is one line, as in JSON without line breaks.
_LINE = 1


def value_in_memory(value: object) -> Value:
    """Return the raw value of an object. Raise RecursionError if it is nested too deeply, or in itself.

    A date or datetime is a text in ISO form, and an object that JSON has no form for is `Unusable`.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # a subclass may show another text
    if isinstance(value, int | float):
        try:
            return Number(json.dumps(value))
        except ValueError:  # of thousands of digits
            return Unusable(type(value).__name__)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        fields = Fields((key, (value_in_memory(each), _LINE)) for key, each in value.items() if isinstance(key, str))
        fields.line = _LINE
        return fields
    if isinstance(value, list | tuple):
        return [(value_in_memory(each), _LINE) for each in value]
    return Unusable(type(value).__name__)
