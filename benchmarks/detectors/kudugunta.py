"""Kudugunta & Ferrara's detector of accounts: AdaBoost on a few counts and flags of the profile."""

from __future__ import annotations

from typing import Any

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import FeatureModel, Labels, balanced, detector

CITES = (
    "Kudugunta & Ferrara 2018, Deep Neural Networks for Bot Detection (Information Sciences 467),"
    " doi:10.1016/j.ins.2018.08.019"
)


@detector(
    "kudugunta-ferrara",
    needs=("followers", "following", "posts_total"),
    cites=CITES,
    uses=("likes_total", "listed", "default_profile", "background_image", "verified", "protected"),
    published="Kudugunta et al.",
    about=(
        "AdaBoost on the counts and flags of the profile: the account-level detector of Kudugunta &"
        " Ferrara."
    ),
    revision=1,
)
class KuduguntaFerrara(FeatureModel):
    """Without `geo_enabled`, which no table has, and with class weights in the place of SMOTE with
    nearest neighbours.
    """

    def model(self) -> Any:
        """Median for what is missing, then 50 stumps."""
        from sklearn.ensemble import AdaBoostClassifier
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline

        return make_pipeline(
            SimpleImputer(strategy="median"), AdaBoostClassifier(random_state=self.random_state)
        )

    def weights(self, accounts: Accounts, y: Labels) -> Floats:  # noqa: ARG002, the contract's signature
        """Both classes count alike."""
        return balanced(y)
