"""How a page is run: processes, kernels, papermill's engine."""
