"""SQL over what lies in the lake."""
