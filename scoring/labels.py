"""What metrics, categories and tracks are called on pages and in documents."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

METRICS = {
    "net_customer_adds": _("Net customer adds"),
    "intermediate_certifications": _("Intermediate certifications"),
    "advanced_certifications": _("Advanced certifications"),
    "usage_growth": _("Usage growth"),
    "deployments": _("Deployments"),
}
CATEGORIES = {
    "performance": pgettext_lazy("category of metrics", "Performance"),
    "skilling": pgettext_lazy("category of metrics", "Skilling"),
    "customer_success": pgettext_lazy("category of metrics", "Customer success"),
}
UNITS = {  # what the value of a metric counts, in tables
    "net_customer_adds": pgettext_lazy("unit", "tenants"),
    "intermediate_certifications": pgettext_lazy("unit", "people"),
    "advanced_certifications": pgettext_lazy("unit", "people"),
    "usage_growth": pgettext_lazy("unit", "active users"),
    "deployments": pgettext_lazy("unit", "tenants"),
}
# The question each metric answers, for somebody who meets it for the first time.
QUESTIONS = {
    "net_customer_adds": _(
        "How many more eligible tenants do you look after than in the same month a year earlier?"
    ),
    "intermediate_certifications": _(
        "How many people hold at least one valid intermediate certification?"
    ),
    "advanced_certifications": _("How many people hold at least one valid advanced certification?"),
    "usage_growth": _(
        "How many more people actively use the workloads of your eligible tenants than in the "
        "same month a year earlier?"
    ),
    "deployments": _(
        "How many more eligible tenants use at least 40 % of the bought seats of a workload than "
        "in the same month a year earlier?"
    ),
}


def metric(key: str) -> str:
    """The name of a metric; one that only a later rule set knows keeps its key readable."""
    return str(METRICS.get(key, key.replace("_", " ")))


def category(key: str) -> str:
    return str(CATEGORIES.get(key, key.replace("_", " ")))
