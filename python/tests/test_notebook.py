"""The notebook in docs/notebooks runs from top to bottom, and one that holds a read transaction for a minute costs no report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import LIMIT, REPO, Site
from .test_reader import sweep_while_reading

NOTEBOOK = REPO / "docs" / "notebooks" / "quickstart.ipynb"


def execute(notebook: Any, folder: Path, env: dict[str, str]) -> list[Any]:
    """The outputs of all cells, run in a fresh kernel of this interpreter."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not there: pip install './python[test-notebook]'")
    pytest.importorskip("ipykernel")
    client = nbclient.NotebookClient(notebook, timeout=LIMIT, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=env)
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def printed(outputs: list[Any]) -> str:
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream" and output["name"] == "stdout")


def pictures(outputs: list[Any]) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_runs_from_top_to_bottom(site: Site) -> None:
    """On a study that is the quick start's, but smaller."""
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not there: pip install './python[test-notebook]'")
    pytest.importorskip("matplotlib")
    sweep = (REPO / "configs" / "quickstart.yaml").read_text(encoding="utf-8")
    for old, new in (("trials: 30", "trials: 8"), ("k: 5", "k: 3"), ("max: 6, grace: 2", "max: 3, grace: 1")):
        assert sweep.count(old) == 1
        sweep = sweep.replace(old, new)
    (site.root / "quickstart").symlink_to(REPO / "configs" / "quickstart")
    site.run("run", str(site.write("quickstart.yaml", sweep)))

    notebook = nbformat.read(NOTEBOOK, 4)
    outputs = execute(notebook, site.root, site.env | {"AUTOML_DATA_DIR": str(site.data)})
    best = json.loads(site.run("best", "quickstart", "-o", "json").stdout)
    assert "quickstart is DONE: 8 trials" in printed(outputs)
    assert f"trial {best['trial']}: {best['value']:.4f} ± {best['std']:.4f}" in printed(outputs)
    assert pictures(outputs) == 3


def test_is_kept_with_its_outputs() -> None:
    """As it was run: every cell once, in order, without an error; small; and with no path of the machine it ran on."""
    text = NOTEBOOK.read_text(encoding="utf-8")
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert all(output.get("name", "stdout") == "stdout" for output in outputs)
    assert pictures(outputs) == 3
    assert len(text) < 300_000
    assert not re.search(r"(?<![\w.])/(tmp|home|root|Users|work|var|usr)/", text)


HELD = """
import json, sqlite3, time

record = sqlite3.connect("file:{path}?mode=ro", uri=True, isolation_level=None)
count = lambda: record.execute("SELECT count(*) FROM curves_v").fetchone()[0]
record.execute("BEGIN")
first = count()
time.sleep({seconds})
last = count()
record.execute("COMMIT")
print(json.dumps([first, last, count()]))
record.close()
"""


def test_a_notebook_that_reads_for_a_minute_costs_nothing(site: Site) -> None:
    v4 = pytest.importorskip("nbformat.v4", reason="nbformat is not there: pip install './python[test-notebook]'")

    def read(path: Path) -> tuple[int, int, int]:
        held = v4.new_notebook(cells=[v4.new_code_cell(HELD.format(path=path, seconds=60))])
        first, last, after = json.loads(printed(execute(held, site.root, site.env)))
        return first, last, after

    sweep_while_reading(site, 60, read)
