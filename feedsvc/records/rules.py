"""The rules of a source: for each field, the expressions that may give its value, in order."""

from collections.abc import Mapping

from msgspec import Struct

from feedsvc.records.expressions import Expression, Path, normal_key, parse_expression
from feedsvc.records.kinds import FIELDS, Kind

#: The most sets of keys whose plans are remembered, and the most keys of a record whose plan is remembered.
_MAX_PLANS = 1000
_MAX_KEYS = 100
#: The fields whose names other shapes use for lists and mappings, too, which are no fault there.
_SHARED_NAMES = frozenset(("category",))
#: The fields that are more than copied: templates need them, or their parts have shapes of their own.
_NOT_COPIED = frozenset(("publishedDateTime", "slug", "related")) | _SHARED_NAMES


class Candidate(Struct, frozen=True):
    """An expression that may give a field's value in records with certain keys."""

    #: None where it is a key of the record.
    expression: Expression | None
    #: The key of the record that a path begins with.
    key: str | None
    #: Whether a value that can't be used is a problem: the configuration names it, or it is named as our own is.
    is_meant: bool
    #: Whether it is named as our own is, and read as there.
    is_own: bool
    #: The next key of a path, without which it finds nothing in a mapping; None where there is none, or no need of it.
    next_key: str | None


class FieldPlan(Struct, frozen=True):
    """How one field gets its value in records with certain keys."""

    kind: Kind
    candidates: tuple[Candidate, ...]
    #: Of a field of the provider: its name there.
    provider_part: str


class Plan(Struct, frozen=True):
    """What rules come to for all records with the same keys."""

    #: The keys by their normal form.
    keys: dict[str, str]
    #: The fields that only their own name may give a value, and which are read as in our own records.
    copied: tuple[str, ...]
    #: Each other field.
    fields: dict[str, FieldPlan]


class Rule(Struct, frozen=True):
    """How one field gets its value."""

    kind: Kind
    #: In order: those of the configuration, those of the preset, and the field's own name.
    expressions: tuple[Expression, ...]
    #: The number of those of the configuration.
    configured: int


class Rules(Struct, frozen=True):
    """The rules of a source, by field."""

    by_field: dict[str, Rule]
    _plans: dict[tuple[bool, bool, tuple[str, ...]], Plan] = {}

    def plan(self, keys: tuple[str, ...], has_top: bool, has_body: bool) -> Plan:
        """Return the plan for records with keys.

        has_top: whether they are in a list below the top of the file. has_body: whether text follows, which is content
        before a preset's.
        """
        plan = self._plans.get((has_top, has_body, keys))
        if plan is None:
            plan = _plan(self.by_field, keys, has_top, has_body)
            if len(keys) <= _MAX_KEYS and sum(map(len, keys)) <= 100 * _MAX_KEYS:
                if len(self._plans) >= _MAX_PLANS:
                    self._plans.clear()
                self._plans[has_top, has_body, keys] = plan
        return plan

    def of_mentions(self) -> "Rules":
        """Return the rules for related stories, of which neither templates nor constants say anything."""
        rules = {
            name: Rule(rule.kind, tuple(each for each in rule.expressions if isinstance(each, Path)), 0)
            for name, rule in self.by_field.items()
            if name != "related"
        }
        return Rules(rules)


def make_rules(configured: Mapping[str, tuple[str, ...]], preset: Mapping[str, tuple[str, ...]]) -> Rules:
    """Return the rules that a configuration and its preset make: texts of expressions, by field."""
    rules = {}
    for name, kind in FIELDS.items():
        if name == "provider":  # a text is a provider's name
            continue
        keys = [name, "provider"] if name == "provider.name" else [name]
        first = [text for key in keys for text in configured.get(key, ())]
        texts = [*first, *(text for key in keys for text in preset.get(key, ())), *keys]
        rules[name] = Rule(kind, tuple(map(parse_expression, dict.fromkeys(texts))), len(set(first)))
    return Rules(rules)


def _plan(rules: dict[str, Rule], keys: tuple[str, ...], has_top: bool, has_body: bool) -> Plan:
    """Return what rules come to for records with keys, as `Rules.plan` says."""
    known = set(keys)
    normal = {normal_key(key): key for key in reversed(keys)}
    fields, copied = {}, []
    for name, rule in rules.items():
        own = (name, "provider") if name == "provider.name" else (name,)
        candidates = []
        for position, expression in enumerate(rule.expressions):
            key = None
            if isinstance(expression, Path) and not expression.from_top:
                first = expression.keys[0]
                key = first if first in known else normal.get(normal_key(first))
                if key is None and expression.text not in known:
                    continue
            is_own = expression.text in own and name not in _SHARED_NAMES
            is_configured = position < rule.configured
            if has_body and name == "featuredContent" and not (is_own or is_configured):
                continue
            is_key, next_key = False, None
            if key is not None and isinstance(expression, Path):
                is_key = expression.is_key
                if len(expression.keys) > 1 and expression.text not in known:  # else it is a key as a whole, too
                    next_key = expression.keys[1]
            is_meant = is_own or is_configured
            candidates.append(Candidate(None if is_key else expression, key, is_meant, is_own, next_key))
        if len(candidates) == 1 and candidates[0].key == name and name not in _NOT_COPIED:
            copied.append(name)
            continue
        if not has_top:
            candidates = [
                each for each in candidates if not (isinstance(each.expression, Path) and each.expression.from_top)
            ]
        if candidates:
            part = name.removeprefix("provider.")
            fields[name] = FieldPlan(rule.kind, tuple(candidates), part if part != name else "")
    return Plan(normal, tuple(copied), fields)
