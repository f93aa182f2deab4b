"""Money in words. Amounts are integers in the smallest unit of their currency."""

WITHOUT_PARTS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
WITH_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def money_text(amount: int, currency: str) -> str:
    """`65.00 EUR`, `-3.500 KWD`, `500 JPY` (the minor units of ISO 4217)."""
    digits = 0 if currency in WITHOUT_PARTS else 3 if currency in WITH_THOUSANDTHS else 2
    whole, part = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d} {currency}" if digits else f"{sign}{whole} {currency}"
