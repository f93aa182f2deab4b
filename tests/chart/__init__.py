"""`make chart`: the Helm chart is linted, rendered with several values, and every object compared with what Kubernetes
takes: with its own schemas, offline."""
