"""From claims to labels: one vote for each claimant and account, the latest not retracted; one file
a method in `methods`.
"""

from curation.labels.consensus.run import KINDS, Consensus, consensus
from curation.labels.consensus.votes import Meaning

__all__ = ["KINDS", "Consensus", "Meaning", "consensus"]
