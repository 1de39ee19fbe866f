"""How an answer of each kind is asked for: from a value to controls, from a POST back to a value.

No Django form: the kinds judge values (``kinds.clean``), this only carries them in and out. The
names of the inputs are the paths that ``kinds.InvalidAnswer`` reports on (``rows.2.cells.<firm>``),
so a sentence finds its place by itself. Pure but for the words, which are in the current language.
"""

from cooperation.widgets.controls import Choice, Control, Row, Widget
from cooperation.widgets.forms import build
from cooperation.widgets.values import edit_rows, initial, judged, read

__all__ = ["Choice", "Control", "Row", "Widget", "build", "edit_rows", "initial", "judged", "read"]
