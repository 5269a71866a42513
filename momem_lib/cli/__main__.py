"""python -m momem_lib.cli: the momem command."""

import sys

from momem_lib.cli.main import main

sys.exit(main())
