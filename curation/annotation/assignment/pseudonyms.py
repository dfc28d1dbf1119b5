"""Who answered, without saying who it is: a pseudonym made of the e-mail and a salt that stays in
the store's folder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from curation.store import salts

SALT = "annotators.salt"
SIMULATED = "simulated.invalid"
"""The mail domain of simulated annotators, who need no pseudonym."""


class People:
    """Pseudonyms, the same for the same person in one store, and not to be traced back without its
    salt.
    """

    def __init__(self, home: Path) -> None:
        self._salt = salts.salt(home, SALT)

    def pseudonym(self, identity: str) -> str:
        """The pseudonym of an e-mail address (or, where none is known, of another text that names
        the person).
        """
        plain = identity.strip().lower()
        name, _, domain = plain.partition("@")
        if domain == SIMULATED:
            return name
        digest = hashlib.sha256(f"{self._salt}\n{plain}".encode()).hexdigest()
        return f"annotator-{digest[:12]}"
