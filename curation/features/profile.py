"""What the profile says: counts, ratios, growth since creation, name and bio, flags.

With the names of Yang et al. 2020 these are BotometerLite's features but for the likelihood of the
handle's bigrams, which is fitted on other accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.features import count_of, feature, known_length, per
from curation.features._functions import bytes_of, edits_in_bytes, lower

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, FloatingValue, IntegerValue, StringValue, Table

YANG = "Yang et al. 2020, doi:10.1609/aaai.v34i01.5460"
CHU = "Chu et al. 2012, doi:10.1109/TDSC.2012.75"
VAROL = "Varol et al. 2017, doi:10.1609/icwsm.v11i1.14871"
CRESCI = "Cresci et al. 2015, doi:10.1016/j.dss.2015.09.003"
LEE = "Lee et al. 2011, doi:10.1609/icwsm.v5i1.14106"

DIGITS = "[0-9]+"
AGE = "accounts.created_at accounts.observed_at"


@feature(unit="accounts", needs="accounts.followers", source=YANG, revision=1)
def followers(accounts: Table) -> IntegerValue:
    """Accounts following it."""
    return accounts.followers


@feature(unit="accounts", needs="accounts.following", source=YANG, revision=1)
def following(accounts: Table) -> IntegerValue:
    """Accounts it follows."""
    return accounts.following


@feature(unit="posts", needs="accounts.posts_total", source=YANG, revision=1)
def posts_total(accounts: Table) -> IntegerValue:
    """Posts the platform counts."""
    return accounts.posts_total


@feature(unit="likes", needs="accounts.likes_total", source=YANG, revision=1)
def likes_total(accounts: Table) -> IntegerValue:
    """Likes it gave."""
    return accounts.likes_total


@feature(unit="lists", needs="accounts.listed", source=YANG, revision=1)
def listed(accounts: Table) -> IntegerValue:
    """Lists it is on."""
    return accounts.listed


@feature(unit="ratio", needs="accounts.followers accounts.following", source=YANG, revision=1)
def followers_following_ratio(accounts: Table) -> FloatingValue:
    """Followers divided by accounts followed, the latter taken as at least 1."""
    return per(accounts.followers, accounts.following.clip(lower=1))


@feature(unit="share", needs="accounts.followers accounts.following", source=CHU, revision=1)
def reputation(accounts: Table) -> FloatingValue:
    """Followers divided by the sum of followers and accounts followed; missing where both are
    zero.
    """
    # Two counts near the largest number have a sum that is none.
    return per(accounts.followers, accounts.followers.cast("float64") + accounts.following)


@feature(unit="days", needs=AGE, source=LEE, revision=1)
def age_days(accounts: Table) -> FloatingValue:
    """Days from creation to observation; missing where not positive."""
    return accounts.age_days


@feature(unit="posts a day", needs=f"accounts.posts_total {AGE}", source=YANG, revision=1)
def posts_total_per_day(accounts: Table) -> FloatingValue:
    """Posts the platform counts, divided by the age in days."""
    return per(accounts.posts_total, accounts.age_days)


@feature(unit="accounts a day", needs=f"accounts.followers {AGE}", source=YANG, revision=1)
def followers_per_day(accounts: Table) -> FloatingValue:
    """Followers divided by the age in days."""
    return per(accounts.followers, accounts.age_days)


@feature(unit="accounts a day", needs=f"accounts.following {AGE}", source=YANG, revision=1)
def following_per_day(accounts: Table) -> FloatingValue:
    """Accounts followed, divided by the age in days."""
    return per(accounts.following, accounts.age_days)


@feature(unit="likes a day", needs=f"accounts.likes_total {AGE}", source=YANG, revision=1)
def likes_per_day(accounts: Table) -> FloatingValue:
    """Likes given, divided by the age in days."""
    return per(accounts.likes_total, accounts.age_days)


@feature(unit="lists a day", needs=f"accounts.listed {AGE}", source=YANG, revision=1)
def listed_per_day(accounts: Table) -> FloatingValue:
    """Lists it is on, divided by the age in days."""
    return per(accounts.listed, accounts.age_days)


@feature(
    unit="likes a post",
    needs="accounts.likes_total accounts.posts_total",
    source="botbench",
    revision=1,
)
def likes_per_post(accounts: Table) -> FloatingValue:
    """Likes given, divided by posts counted; missing without posts."""
    return per(accounts.likes_total, accounts.posts_total)


@feature(unit="characters", needs="accounts.handle accounts.extra", source=YANG, revision=1)
def handle_length(accounts: Table) -> IntegerValue:
    """Length of the handle, or the length that the source gave instead
    (`extra['handle_length']`).
    """
    return known_length(accounts.handle, accounts.extra.get("handle_length"))


@feature(unit="digits", needs="accounts.handle", source=YANG, revision=1)
def handle_digits(accounts: Table) -> IntegerValue:
    """Digits 0 to 9 in the handle."""
    return count_of(accounts.handle, DIGITS)


@feature(unit="share", needs="accounts.handle", source=VAROL, revision=1)
def handle_digits_share(accounts: Table) -> FloatingValue:
    """Digits 0 to 9 in the handle, divided by its length."""
    return per(count_of(accounts.handle, DIGITS), accounts.handle.length())


@feature(unit="characters", needs="accounts.display_name accounts.extra", source=YANG, revision=1)
def display_name_length(accounts: Table) -> IntegerValue:
    """Length of the name shown, or the length that the source gave instead
    (`extra['display_name_length']`).
    """
    return known_length(accounts.display_name, accounts.extra.get("display_name_length"))


@feature(unit="digits", needs="accounts.display_name", source=YANG, revision=1)
def display_name_digits(accounts: Table) -> IntegerValue:
    """Digits 0 to 9 in the name shown."""
    return count_of(accounts.display_name, DIGITS)


@feature(unit="share", needs="accounts.handle accounts.display_name", source="botbench", revision=1)
def name_handle_distance(accounts: Table) -> FloatingValue:
    """Levenshtein distance (in bytes of UTF-8, lower case) of handle and name shown, divided by the
    longer one's bytes.
    """
    import ibis

    handle, name = lower(accounts.handle), lower(accounts.display_name)
    return per(edits_in_bytes(handle, name), ibis.greatest(bytes_of(handle), bytes_of(name)))


@feature(unit="characters", needs="accounts.bio accounts.extra", source=YANG, revision=1)
def bio_length(accounts: Table) -> IntegerValue:
    """Length of the bio, or the length that the source gave instead (`extra['bio_length']`)."""
    return known_length(accounts.bio, accounts.extra.get("bio_length"))


@feature(unit="yes/no", needs="accounts.bio", source=CRESCI, revision=1)
def bio_has_url(accounts: Table) -> BooleanValue:
    """Whether the bio holds a link (http:// or https://)."""
    return accounts.bio.re_search("https?://")


@feature(unit="yes/no", needs="accounts.url", source=CRESCI, revision=1)
def has_url(accounts: Table) -> BooleanValue:
    """Whether the profile's link is filled in; missing where the source gives none and does not say
    that it is empty.
    """
    return _filled(accounts.url)


@feature(unit="yes/no", needs="accounts.location", source=CRESCI, revision=1)
def has_location(accounts: Table) -> BooleanValue:
    """Whether the place is filled in; missing where the source gives none and does not say that it
    is empty.
    """
    return _filled(accounts.location)


@feature(unit="yes/no", needs="accounts.default_profile", source=YANG, revision=1)
def default_profile(accounts: Table) -> BooleanValue:
    """Whether the profile's design was never changed."""
    return accounts.default_profile


@feature(unit="yes/no", needs="accounts.default_avatar", source=VAROL, revision=1)
def default_avatar(accounts: Table) -> BooleanValue:
    """Whether it has no picture of its own."""
    return accounts.default_avatar


@feature(unit="yes/no", needs="accounts.verified", source=YANG, revision=1)
def verified(accounts: Table) -> BooleanValue:
    """Whether the platform verified it."""
    return accounts.verified


@feature(unit="yes/no", needs="accounts.protected", source="botbench", revision=1)
def protected(accounts: Table) -> BooleanValue:
    """Whether its posts are not public."""
    return accounts.protected


@feature(unit="yes/no", needs="accounts.extra", source=YANG, revision=1)
def background_image(accounts: Table) -> BooleanValue:
    """Whether the profile uses its background image (`extra['profile_use_background_image']` of
    Twitter's v1.1 interface).
    """
    told = accounts.extra.get("profile_use_background_image").strip().lower()
    return told.isin(["true", "t", "1"]) | told.isin(["false", "f", "0", ""]).ifelse(False, None)


def _filled(text: StringValue) -> BooleanValue:
    return text.strip() != ""
