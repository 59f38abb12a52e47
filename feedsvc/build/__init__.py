"""The offline build: documents as files in a directory, or as objects in a bucket."""

from feedsvc.build.site import BuildResult, build, open_output

__all__ = ["BuildResult", "build", "open_output"]
