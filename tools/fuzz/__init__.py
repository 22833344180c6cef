"""Fuzzing: a million inputs made by chance, and the laws that each of them must keep.

`damage.py` makes inputs, one module a target checks what becomes of them, `running.py` executes, `__main__.py` tells.
Beside them, `patterns.py` runs every regular expression of the package over the `hard_texts.py` made for it.
"""
