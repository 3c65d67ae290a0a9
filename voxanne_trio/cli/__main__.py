"""`python -m voxanne_trio.cli`: the same as `voxanne`."""

import sys

from . import main

sys.exit(main())
