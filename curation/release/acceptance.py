"""The validation that a release has to pass, unless its failures are accepted."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from botbench.core.errors import Findings, UserError
from curation.release.contents import Frozen
from curation.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.validation.outcome import Validation


def before_release(
    store: Store, content: Frozen, accept: str | None, recorded: Mapping[str, Any] | None = None
) -> Validation:
    """Validate the contents of a new release, splits included, and write the report.

    A kept validation of the same version, consensus and rules is not run again. `recorded` is the
    store's row of this release, if a killed process left one: the version that it names is
    validated while the store has it, as if the row were not there, for it is a change since.

    Raises Findings where it fails and `accept` is None.
    """
    from curation.validation import report
    from curation.validation.run import validate

    version = content.version
    if recorded:
        with contextlib.suppress(UserError):
            version = store.resolve(int(recorded["snapshot_id"]))
    validation = validate(
        store,
        content.dataset,
        version,
        splits=content.relation("splits"),
        consensus=content.consensus,
        keep=True,
        take_over=True,
        but_release=(recorded["name"], recorded["version"]) if recorded else None,
    )
    page = report.write(store.home, validation)
    if validation.success or accept:
        return validation
    raise Findings(
        f"Version {version} of {content.dataset} does not pass validation:"
        f" {', '.join(validation.failed)}. Nothing was frozen. The accounts stand in {page}. Mend"
        " them, or say why they may stay: --accept REASON."
    )


def report_path(store: Store, validation: Validation) -> str:
    """The path of a validation's report, relative to the store's folder.

    The release records the path only: the report names accounts, and a release may be published.
    """
    from curation.validation import report

    return report.path(store.home, validation).relative_to(store.home).as_posix()
