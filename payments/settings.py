"""Settings of those who speak with the payment provider."""

from pydantic import Field

from runtime.settings import ServerSettings


class PaymentSettings(ServerSettings):
    """Read by ingress (payments are asked for), the notifier (refunds and look-ups) and the sandbox."""

    public_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://[^/\s]+$",
        description="Where everybody reaches us, without a path: https://tickets.example.com. Links in mails and ways "
        "back from the payment provider begin with it.",
    )
    payment_provider: str = Field(
        default="",
        max_length=200,
        description="Who takes payments: nothing (partners say themselves what was paid), `sandbox`, or "
        "MODULE:FUNCTION, which is called with these settings and gives a payments.provider.PaymentProvider.",
    )
    sandbox_url: str = Field(
        default="",
        pattern=r"^(https?://[^/\s]+)?$",
        description="Where the rooms reach the sandbox provider; nothing: at the public address.",
    )

    @property
    def sandbox_at(self) -> str:
        """The sandbox's address, without a path."""
        return self.sandbox_url or self.public_url
