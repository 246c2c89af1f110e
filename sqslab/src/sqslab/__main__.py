"""`python -m sqslab`."""

import sys

from sqslab.cli import main

sys.exit(main())
