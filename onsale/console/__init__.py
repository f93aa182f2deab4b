"""The console on an address of its own: an instance of the waiting room with sign-in and pages, where no fan comes."""
