"""One secret, and what derives from it."""

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path


def derive_password(secret: str, purpose: str) -> str:
    """A password for one purpose (43 characters, safe in URLs), the same for the same secret: HMAC-SHA256."""
    digest = hmac.digest(secret.encode(), f"onsale password {purpose}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def fingerprint(secret: str) -> str:
    """Tells two secrets apart without showing either."""
    return derive_password(secret, "fingerprint")[:16]


def secret_of(data_dir: Path) -> str:
    """The secret kept in this data directory, made at first use (mode 0600)."""
    path = data_dir / "secret"
    if not path.exists():
        made = data_dir / f"secret.{os.getpid()}"
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(32) + "\n")
        # A link fails where a rename would replace: of two that start at once, both read the same secret.
        with suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_text().strip()
