"""Whatever our own OpenAPI document allows, and much that it does not, sent to everything that runs (`make fuzz`)."""
