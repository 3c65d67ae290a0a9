"""The ASGI application, for any Hypercorn: `hypercorn -k trio app:app`.

Settings come from the environment and `.env`; what is wrong with them is said in one line each.
`voxanne serve` is the better way to run it: it drains, and checks keys before it takes calls.
"""

import os
import sys

from voxanne_trio.errors import ConfigurationError
from voxanne_trio.observe.logs import set_up_logs
from voxanne_trio.settings import Settings
from voxanne_trio.web.application import create_app

try:
    settings = Settings.load(os.environ)
    if missing := settings.missing_for_serve():
        raise ConfigurationError(f"Missing: {', '.join(missing)}")
except ConfigurationError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)

set_up_logs(level=settings.log_level, format=settings.log_format, file=settings.log_file)
app = create_app(settings)
