"""What follows from payments outside the log: providers are asked what became of those whose notice has not come, and
money that is due back is given back. Nothing that the log says is forgotten, however often this room is killed; what is
asked of a provider has one name, so it is done once."""
