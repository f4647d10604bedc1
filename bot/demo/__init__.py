"""The retail story that `make demo` tells."""
