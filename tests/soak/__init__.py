"""A campaign against the whole product: thousands of acts, every trouble, then what must hold (`make soak`)."""
