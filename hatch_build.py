"""What the wheel holds beside the packages: the cards."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Cards(BuildHookInterface):
    """Put the cards inside curation, so that an installed botbench knows its data sets.

    An editable install reads those of the checkout, and a folder of its own would hide curation.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folder to a wheel that is not editable."""
        if version != "editable":
            build_data["force_include"]["datasets"] = "curation/datasets"
