"""The program in a notebook: the stages with little to type, and results that show themselves.

    from cinelake import Project, notebook

    project = Project.load("my-lake")
    notebook.run(project)
    notebook.ask(project)
    notebook.query(project, "SELECT * FROM refined.dim_title").df()

What is shown is a table; what is given further is a DuckDB relation, Arrow, pandas or Polars. The last three are asked
for only where they are used: pip install pandas, polars or pyarrow.
"""

from cinelake.notebook.calls import ask, query, run, tables
from cinelake.notebook.rows import Rows
from cinelake.notebook.shown import ShownAnswer, ShownAnswers, ShownChart, ShownRun

__all__ = ["Rows", "ShownAnswer", "ShownAnswers", "ShownChart", "ShownRun", "ask", "query", "run", "tables"]
