"""The package without its framework."""

import subprocess
import sys

ASKED = """
import sys
sys.modules["pydantic_ai"] = None
try:
    import headroom_pydantic_ai
except ImportError as e:
    print(e, isinstance(e.__cause__, ImportError))
"""


def test_without_the_framework_it_says_in_one_sentence_what_to_install():
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    assert done.stdout == "headroom_pydantic_ai needs Pydantic AI: pip install 'headroom[pydantic-ai]' True\n"
