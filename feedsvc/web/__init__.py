"""Documents over HTTP: the WSGI application."""

from feedsvc.web.application import create_app

__all__ = ["create_app"]
