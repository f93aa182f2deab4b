"""Settings of the local mail sink."""

from pydantic import Field

from runtime.settings import ServerSettings


class DevMailSettings(ServerSettings):
    """What `onsale up` tells the processes that answer."""

    dev_mail_dir: str = Field(
        default="",
        max_length=1_000,
        description="Directory (a maildir) whose letters /dev/mail shows to anybody: for trying things out only. "
        "`onsale up` names one where no mail server is set.",
    )
