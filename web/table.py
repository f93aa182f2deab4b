"""Which page answers which path. What stands in braces is read by the page's own module, from its address."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """`file` lies in this package; `words` are folders of `words/`, beside those that every page has."""

    path: str
    file: str
    words: tuple[str, ...] = ("shop",)


PAGES = (
    Page("/", "home/home.html"),
    Page("/shows/{show}", "show/show.html"),
    Page("/checkout/{reservation}", "checkout/checkout.html"),
    Page("/bookings/{booking}", "booking/booking.html"),
    Page("/verify/{show}", "verify/verify.html"),
    Page("/console", "console/console.html", ("console",)),
    Page("/partners", "partners/partners.html", ("portal", "traffic", "stock", "houses")),
    Page("/dev/parts", "dev/parts.html"),
)
