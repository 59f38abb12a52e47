"""What commands found and did, as JSON objects for scripts."""

import dataclasses
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

if TYPE_CHECKING:
    from feedsvc.api.site import Site
    from feedsvc.build import BuildPlan, BuildResult
    from feedsvc.feeds.explanation import Explanation
    from feedsvc.index.sync_result import SyncResult

Report = dict[str, Any]


def report_records(site: "Site", result: "SyncResult", *, of_build: bool = False) -> Report:
    """Return what `feedsvc check` says of the records. of_build: see `Site.warnings`. Raise IndexUnusableError.

    counts: `stories` that feeds may hold, record `files`, all `records`, and those of them that are left out: `drafts`,
    `deleted`, `not_due`, `refused`.
    passed_over: the numbers of files that are no record files, by suffix, or as `symbolic link`; by an empty text where
    a name has none.
    problems: all, by file; each with `path`, `line` (from 1), `field` (or an empty text), `message`, and whether it
    `refuses` a record, or a whole file: it is the first problem of one that is left out.
    loss: what the sync would have taken away, which was refused, or null: the numbers of stories `lost` and `before`,
    and some URLs as `examples`.
    warnings, notes: texts.
    """
    counts = asdict(result.counts)
    passed_over, loss = counts.pop("passed_over"), result.loss
    warnings = site.warnings(of_build=of_build)
    return {
        "counts": counts,
        "passed_over": passed_over,
        "loss": loss and {"lost": loss.lost, "before": loss.before, "examples": list(loss.examples)},
        "problems": [asdict(problem) for problem in result.problems],
        "warnings": [result.nothing_found, *warnings] if result.nothing_found else warnings,
        "notes": [*site.notes(), *result.notes],
    }


def report_build(site: "Site", result: "SyncResult", built: "BuildResult") -> Report:
    """Return what `feedsvc build` did: what `report_records` does, with `out`, where it wrote, and:

    written, unchanged, removed: numbers of files. conflicts: paths of files that feedsvc didn't write so.
    hub_failure: why the hub could not be notified, or an empty text.
    """
    done = {**dataclasses.asdict(built), "conflicts": [str(path) for path in built.conflicts]}
    del done["written_names"], done["removed_names"]  # of a large site, all would be many
    return {"out": str(site.config.out), **done, **report_records(site, result, of_build=True)}


def report_plan(site: "Site", result: "SyncResult", plan: "BuildPlan") -> Report:
    """Return what `feedsvc build --dry-run` says: what `report_records` does, with `out`, where it would write, and:

    to_write, to_remove: names of files. unchanged: the number of the others. conflicts: as in `report_build`.
    new: how many stories subscribers would see as new, by the path of the feed, the most first. new_stories: the number
    of them all, each once. refused: why the build would stop, or an empty text.
    """
    planned = {**asdict(plan), "conflicts": [str(path) for path in plan.conflicts]}
    return {"out": str(site.config.out), **planned, **report_records(site, result, of_build=True)}


def report_feeds(site: "Site", result: "SyncResult") -> Report:
    """Return what `feedsvc feeds` lists: what `report_records` does, and `name`, `size` and `urls` of `feeds`."""
    feeds = [{"name": feed.name, "size": feed.size, "urls": site.urls(feed)} for feed in site.feeds()]
    return {"feeds": feeds, **report_records(site, result)}


def report_explanation(explanation: "Explanation") -> Report:
    """Return what `feedsvc why` says: whether each story is `published`, and the `lines` that explain it."""
    return asdict(explanation)
