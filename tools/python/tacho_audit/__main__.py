"""The command line: python3 -m tacho_audit verify|export|parquet DIR/audit."""

import sys

from .cli import main

sys.exit(main())
