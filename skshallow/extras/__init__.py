"""What needs another package: one optional dependency each, imported by nobody inside."""
