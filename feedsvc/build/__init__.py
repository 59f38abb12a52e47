"""The offline build: documents as files in a directory, as objects in a bucket, or in an output of another scheme."""

from feedsvc.build import directory, object_store
from feedsvc.build.output import Output, OutputScheme, open_output, register
from feedsvc.build.site import BuildPlan, BuildResult, build, plan

__all__ = ["BuildPlan", "BuildResult", "Output", "OutputScheme", "build", "open_output", "plan", "register"]

for _scheme in (directory.SCHEME, *object_store.SCHEMES):
    register(_scheme)
