"""What the layer costs beside its peers: `make bench`. Never a test, since times depend on the machine."""
