"""Knauth's language-agnostic detector: AdaBoost on what needs no words."""

from __future__ import annotations

from typing import Any

from benchmarks.detectors import FeatureModel, detector

CITES = (
    "Knauth 2019, Language-Agnostic Twitter-Bot Detection (RANLP),"
    " doi:10.26615/978-954-452-056-4_065"
)
PROFILE = (
    "likes_total",
    "listed",
    "default_profile",
    "default_avatar",
    "background_image",
    "verified",
    "protected",
    "age_days",
    "posts_total_per_day",
    "reputation",
    "handle_length",
    "handle_digits",
    "display_name_length",
    "name_handle_distance",
    "bio_length",
)


@detector(
    "knauth",
    needs=("followers", "following", "posts_total"),
    cites=CITES,
    published="Knauth et al.",
    uses=(
        *PROFILE,
        "timing",
        "repost_share",
        "reply_share",
        "urls_per_post",
        "hashtags_per_post",
        "mentions_per_post",
        "distinct_apps",
        "text_length_mean",
        "text_length_sd",
        "duplicate_text_share",
    ),
    about=(
        "AdaBoost on counts, flags, names, behaviour and the shape of posts, none of which depends"
        " on the language."
    ),
    revision=1,
)
class Knauth(FeatureModel):
    """The families of the paper by our features; its Unicode groups of the name and its feature
    selection are left out.
    """

    def model(self) -> Any:
        """Median for what is missing, then 100 stumps."""
        from sklearn.ensemble import AdaBoostClassifier
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline

        return make_pipeline(
            SimpleImputer(strategy="median"),
            AdaBoostClassifier(n_estimators=100, random_state=self.random_state),
        )
