"""What a caller may ask: one module per noun, one function per request, permission asked here and only here."""
