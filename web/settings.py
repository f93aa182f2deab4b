"""Settings of the pages."""

from runtime.settings import ServerSettings


class Settings(ServerSettings):
    """Pages need nothing of their own."""
