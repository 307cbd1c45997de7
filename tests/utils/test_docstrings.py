"""Docstrings in the reference pages."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "utils"))
from docstrings import as_markdown  # noqa: E402

DOCSTRING = """Find a thing with :func:`~ctcb.search.find`.

>>> find("a")
... .text

Parameters
----------
name : what it is called,
    over two lines.
with_, without : more and fewer.

Raises
------
InputError : there is none.

A paragraph below: it is no item.
"""


def test_numpy_sections_become_lists():
    assert "\n".join(as_markdown(DOCSTRING)) == """Find a thing with `ctcb.search.find`.

```python
find("a")
.text
```

**Parameters**

- `name`: what it is called,
    over two lines.
- `with_`, `without`: more and fewer.

**Raises**

- `InputError`: there is none.

A paragraph below: it is no item."""
