"""Which column holds what, where its name does not say so: by the rows it stands on."""
