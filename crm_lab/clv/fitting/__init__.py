"""The arithmetic under the models: compressed counts, Newton steps, discounting."""
