"""STUB"""
from typing import Literal
Kind = Literal["fact","list","yesno","open","summary","person","compare","talk","index"]
FORCED={}
def kind_of(q): return FORCED.get(q,"open")

import re
_BETWEEN = re.compile(r"\s+(?:et|and|vs\.?|versus|ou|or|contre|avec|with|than|que)\s+", re.I)
def sides(question):
    parts=[p.strip() for p in _BETWEEN.split(question,maxsplit=1)]
    return tuple(parts) if len(parts)==2 and all(len(p)>3 for p in parts) else ()
