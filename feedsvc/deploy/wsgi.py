"""The application for servers that take one from a file or a module: uWSGI, mod_wsgi, Passenger, gunicorn.

It only reads the index. `feedsvc serve` on another port, or a command such as `feedsvc build` from cron, fills it and
keeps it in step with the records, as the same user; until then, the answer is 503. Servers that set no environment for
Python, as mod_wsgi, need the file's path here.
"""

import os

import feedsvc

application = feedsvc.create_app(os.environ.get("FEEDSVC_CONFIG", "/etc/feedsvc/config.toml"))
