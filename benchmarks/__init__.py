"""Judge bot detectors on releases: protocols, metrics, boards, audits, predictions and studies."""
