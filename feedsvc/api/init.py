"""Writes a configuration: the commented template, with what reads the records that are there, or the sample record."""

import json
import os
import re
import shutil
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from shlex import quote

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.config import DEFAULT_NAME, parse_config
from feedsvc.config.loading import current_folder
from feedsvc.errors import ConfigError
from feedsvc.records.detection.proposals import Proposal, propose
from feedsvc.records.detection.site_generators import find_generator
from feedsvc.records.detection.site_languages import SiteLanguage
from feedsvc.records.detection.surveys import Survey
from feedsvc.records.files import check_folder

#: The name of the folder of the sample record.
SAMPLE = "sample"
#: The column that the comments of the template begin in.
_COLUMN = 47


class Written(Struct, frozen=True):
    """What `write_config` has written."""

    path: Path
    #: What it proposes; None if there are no records.
    proposal: Proposal | None
    #: The folder that was made for the sample record; None if there was none to make.
    sample: Path | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """What was found, and what to do next."""
        option = "" if str(self.path) == DEFAULT_NAME else f" --config {quote(str(self.path))}"
        if not self.proposal:
            folder = self.path.parent / parse_config({}, self.path.parent).records.path
            return f"{self.path}: written", f"next: put your records into {folder}, then feedsvc check{option}"
        if self.sample:
            wrote = f"{self.sample}: made, with the sample record", f"{self.path}: written for {self.sample}"
            return *wrote, f"next: feedsvc serve{option}"
        then = f"feedsvc check{option}, then feedsvc serve{option}"
        if self.proposal.needs_site and not self.proposal.site:
            then = f"set records.site in {self.path} to the address of your site, then feedsvc check{option}"
        elif not self.proposal.survey.files:
            then = f"put your records there, then feedsvc check{option}"
        elif self.proposal.survey.lacks_fields:
            keys = f"say in records.fields of {self.path} which keys your records have them under"
            then = f"{keys}: feedsvc why FILE{option} shows what is found in one"
        elif not self.proposal.survey.usable:
            then = f"feedsvc check{option}, which shows what these files lack"
        written = f"{self.path}: written for {self.proposal.folder}: {self.proposal.survey}"
        return written, *self.proposal.generator.unfollowed, f"next: {then}"


def write_sample(path: Path, folder: str | None = None) -> Written:
    """Make a folder with the sample record, and write a commented configuration that publishes it.

    folder: its path; without it, `sample`. Raise ConfigError, also if there is a folder at its path, or a file at that
    of the configuration: nothing is overwritten.
    """
    if path.exists() or path.is_symlink():
        raise _exists(path)
    folder = folder or SAMPLE
    sample, is_ours = Path(folder), False
    try:
        sample.mkdir(parents=True)
        is_ours = True
        for record in _sample_folder().iterdir():
            (sample / record.name).write_bytes(record.read_bytes())
        return replace(write_config(path, folder, publishes_drafts=True), sample=sample)
    except BaseException as error:
        if is_ours:  # so that it can be made again, where there was no room, or it was interrupted
            shutil.rmtree(sample, ignore_errors=True)
        elif isinstance(error, FileExistsError):
            expected = "a new folder: feedsvc init --sample FOLDER"
            raise ConfigError(f"{folder}: exists already, and stays as it is; expected {expected}") from error
        if isinstance(error, OSError):
            raise ConfigError(f"{folder}: {error.strerror}; expected a place for the sample record") from error
        raise


def _sample_folder() -> Traversable:
    """Return the folder of the sample record: in the package, or beside it in a checkout."""
    package = files("feedsvc")
    installed = package.joinpath(SAMPLE)
    return installed if installed.is_dir() else Path(str(package)).parent / "seeds"


def write_config(path: Path, records: str | None = None, *, publishes_drafts: bool = False) -> Written:
    """Write a commented configuration that reads the records in a folder; without any, one with all defaults.

    records: the folder; without it `records` beside the file, or else the one at or below the file's folder that holds
    records. publishes_drafts: whether it publishes drafts. Raise ConfigError, also if there is a file at the path: none
    is overwritten; and RecordsError, if the folder isn't one that can be read.
    """
    folder = Path(os.path.normpath(current_folder() / path)).parent
    template = files("feedsvc.config").joinpath("template.toml").read_text("utf-8")
    if path.exists() or path.is_symlink():  # before records are looked at
        raise _exists(path)
    proposal = _propose(folder, records)
    if proposal:
        if publishes_drafts:
            proposal.survey.count_drafts()
        template = _filled(template, proposal, folder, path.name)
    if publishes_drafts:
        template = _with_value(template, "include_unpublished", "true")
    try:
        data = template.encode()
    except UnicodeEncodeError as error:
        name = records or str(proposal and proposal.folder)
        raise ConfigError(f"{name}: is not UTF-8, as TOML has to be; expected another name of the folder") from error
    is_ours = False
    try:
        with path.open("xb") as stream:
            is_ours = True
            stream.write(data)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        if is_ours:
            path.unlink(missing_ok=True)
        raise ConfigError(f"{path}: {error.strerror}; expected a place for the configuration") from error
    return Written(path, proposal)


def _exists(path: Path) -> ConfigError:
    generator = find_generator(path.parent) if path.name == DEFAULT_NAME else None
    is_another_s = generator and generator.preset in ("hugo", "zola")
    hint = ", such as --config feedsvc.toml" if is_another_s else ": delete this one, or name another with --config"
    return ConfigError(f"{path}: exists already, and stays as it is; expected a new file{hint}")


def _propose(folder: Path, records: str | None) -> Proposal | None:
    """Return what reads the records in a folder, or those of the folder of the configuration; None without any."""
    if records is not None:
        given = Path(os.path.abspath(records))
        check_folder(given)
        return propose(given, is_whole_site=given == folder) or Proposal(given, "auto", "", False, Survey("auto"))
    usual = folder / parse_config({}, folder).records.path
    if usual.is_dir() and (proposal := propose(usual)):
        return proposal
    proposal = propose(folder, is_whole_site=True) if folder.is_dir() else None
    return proposal if proposal and proposal.survey.read else None


def _filled(template: str, proposal: Proposal, folder: Path, name: str) -> str:
    """Return the template with the keys of a proposal. folder, name: of the file that it is written to."""
    values: dict[str, str | list[str]] = {"path": _path(proposal.folder, folder), "preset": proposal.preset}
    if proposal.site:
        values["site"] = proposal.site
    exclude = list(proposal.exclude)
    if proposal.folder == folder:  # where this configuration, and what builds write, are too
        exclude = [name, *dict.fromkeys(("public", *exclude))]
    if exclude:
        values["exclude"] = exclude
    if proposal.generator.timezone:
        values["timezone"] = proposal.generator.timezone
    if proposal.web_url:
        texts = json.dumps(proposal.web_url, ensure_ascii=False)
        template = _with_value(template, "fields", f"{{ webUrl = {texts} }}")
    if proposal.languages:
        sources = ", ".join(_source(each, folder) for each in proposal.languages)
        template = _with_value(template, "source", f"[{sources}]")
    for key, value in values.items():
        template = _with_value(template, key, json.dumps(value, ensure_ascii=False))
    for key, value in (("title", proposal.generator.title), ("language", proposal.generator.language)):
        if value:
            template = _with_value(template, key, json.dumps(value, ensure_ascii=False), table="site")
    comments = "".join(f"# {line}\n" for line in (str(proposal.survey), *proposal.generator.unfollowed))
    return re.sub(r"^(?=preset = )", lambda _: comments, template, count=1, flags=re.MULTILINE)


def _path(of: Path, folder: Path) -> str:
    """Return the path of a folder as a configuration in another one names it."""
    return (of.relative_to(folder) if of.is_relative_to(folder) else of).as_posix()


def _source(language: SiteLanguage, folder: Path) -> str:
    """Return the table of the source of a language in TOML, on one line."""
    fields = f"webUrl = {json.dumps(language.web_url)}"
    if language.tag:
        fields += f', language = "={language.tag}"'
    return f"{{ path = {json.dumps(_path(language.folder, folder), ensure_ascii=False)}, fields = {{ {fields} }} }}"


def _with_value(template: str, key: str, value: str, table: str = "records") -> str:
    """Return the template with the value of a key of a table."""
    before, start, after = template.partition(f"[{table}]\n")
    line = re.compile(rf"^(?:# )?{key} = .*? *(#.*)?$", re.MULTILINE)
    after, number = line.subn(lambda match: f"{f'{key} = {value}':<{_COLUMN - 1}} {match[1] or ''}", after, count=1)
    if not number:
        raise KeyError(key)
    return before + start + after
