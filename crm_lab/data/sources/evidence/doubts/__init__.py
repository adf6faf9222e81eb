"""What speaks against the plain reading: notes, codes, histories, other lists, answers that do not fit."""
