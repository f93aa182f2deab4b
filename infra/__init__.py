"""What the rooms stand on: schema, provisioning, embedded servers, checks of the machine."""
