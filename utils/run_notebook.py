"""Runs the cells of docs/notebook.ipynb and stores their output in it.

    python utils/run_notebook.py

utils/requirements/docs.txt has what it needs. A test sees that the outputs are up to date.
"""
from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs/notebook.ipynb"


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of a new run; without warnings, and what differs between two runs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in notebook.cells:
        cell.metadata.clear()
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    return notebook


if __name__ == "__main__":
    nbformat.write(executed(NOTEBOOK), NOTEBOOK)
