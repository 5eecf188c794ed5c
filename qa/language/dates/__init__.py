"""Time: which days a question speaks of, in French and English, by rules.

`parse` finds what the rules of `absolute` and `relative` name and puts it together; `period` has
the arithmetic and `vocabulary` the words of the two languages. No language model, no date library:
why is in docs/decisions.md. Knows nothing about articles.
"""

from qa.language.dates.expression import TimeExpression
from qa.language.dates.parse import time_expressions

__all__ = ["TimeExpression", "time_expressions"]
