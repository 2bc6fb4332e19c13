"""What `evaluation map` proposes from headers and values."""
