#!/bin/sh
# Redis for whoever reaches the container, as its own user.
set -eu
chown redis:redis /data
exec setpriv --reuid=redis --regid=redis --init-groups "$@" --bind 0.0.0.0 --protected-mode no --dir /data
