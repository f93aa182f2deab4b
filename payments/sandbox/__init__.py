"""A payment provider for trying things out: no money moves. Its page lets the payer choose what becomes of a payment;
its notices are signed and sent again like those of a real one. It is a program of its own behind an HTTP interface, so
that whatever can go wrong between us and a provider can go wrong here as well."""
