"""Records of people's scores in; what is open, settled and disputed, and how far they agree, out."""
