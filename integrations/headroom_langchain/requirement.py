"""What the package needs beside headroom, in the words in which its absence is said."""

MISSING = "headroom_langchain needs LangChain: pip install 'headroom[langchain]'"
