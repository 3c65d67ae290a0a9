"""How natural the agent sounds: caller scripts, and checks on what it says to them.

The checks are pure and know no stand-in, so that live calls can be judged by them too.
"""

from .exchange import Reply, Verdict
from .validators import VALIDATORS, judge

__all__ = ["VALIDATORS", "Reply", "Verdict", "judge"]
