"""Which calls serve our own pages, by the cookie of whoever is signed in there. All others know keys and passes alone.

Nothing here takes seats or money for anybody: a hold, a booking, a payment is never asked for with a cookie
(docs/decisions/0028).
"""

FOR_PARTNERS = frozenset(
    {
        "list_keys", "make_key", "read_key", "limit_key", "rotate_key", "revoke_key",
        "list_webhooks", "make_webhook", "read_webhook", "change_webhook", "remove_webhook", "rotate_webhook",
        "list_deliveries", "resend_delivery",
        "usage", "logs", "allocations", "list_bookings", "read_booking", "cancel",
    }
)  # fmt: skip
"""By a partner's people, for what is that partner's, and by admins, for all of it. A booking can be given up: by the
key that made it, within the rules of its show, and nobody gets anything by it."""

FOR_ADMINS = frozenset(
    {
        "put_allocation", "delete_allocation",
        "list_dead_letters", "replay_dead_letter", "discard_dead_letter",
        "list_venues", "add_venue", "put_layout",
        "add_show", "open_show", "change_show", "close_show", "cancel_show",
    }
)  # fmt: skip
