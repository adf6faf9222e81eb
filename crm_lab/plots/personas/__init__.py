"""Pictures of kinds of shoppers: rules, segments, who is like them and who is selected."""
