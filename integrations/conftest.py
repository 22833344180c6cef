"""Frameworks that ask the network when they are imported are told not to.

A conftest of an adapter is too late for that: it stands below the package, which is imported first.
"""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
