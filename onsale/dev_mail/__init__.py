"""Where letters end up on a developer's machine: a mail server that sends nothing on, and `/dev/mail` for reading."""
